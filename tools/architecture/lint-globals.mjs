// The lint rules for globals, as the table says them. oxlint knows scopes, so that a local `document` is no global.
// In oxlint an override's rule replaces the rule before it. So each override here is complete, and each speaks for the
// files of one folder, or for one file.
import { everyFile, guardedGlobals } from './layers.mjs';

/** The objects by which a global can be had as a property. */
const doors = ['globalThis', 'self', 'window', 'global'];

const message = 'tools/architecture/layers.mjs says which files may.';

/** Both rules, complete, for files that may use the globals in `allowed`. */
function rulesFor(allowed) {
  const forbidden = guardedGlobals.filter((name) => !allowed.includes(name));
  const plain = forbidden.filter((name) => !name.includes('.'));
  const properties = forbidden.filter((name) => name.includes('.')).map((name) => name.split('.'));
  const restrict = (object, property) => ({ object, property, message });
  return {
    'no-restricted-globals': ['error', ...plain.map((name) => ({ name, message }))],
    'no-restricted-properties': [
      'error',
      ...properties.map(([object, property]) => restrict(object, property)),
      // A file that may use `globalThis` may not take every global from it.
      ...doors.flatMap((object) =>
        allowed.includes(object) ? plain.map((property) => restrict(object, property)) : [],
      ),
    ],
  };
}

/** The oxlint configuration that .oxlintrc.json extends. */
export function globalsConfig(layers) {
  const overrides = layers.flatMap(({ folder, globals = {} }) => {
    const entries = Object.entries(globals);
    const allowedIn = (file) =>
      entries.filter(([, places]) => places === everyFile || places.includes(file)).map(([name]) => name);
    const named = entries.flatMap(([, places]) => (places === everyFile ? [] : places));
    return [
      { files: [`${folder}/*.{ts,tsx}`], rules: rulesFor(allowedIn(everyFile)) },
      ...[...new Set(named)].map((file) => ({
        files: [`${folder}/${file}`],
        rules: rulesFor(allowedIn(file)),
      })),
    ];
  });
  return { overrides };
}
