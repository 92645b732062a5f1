// Who imports which file: the graph that the rules, the search for cycles and the printed floors read.
import { posix } from 'node:path';
import { findImports } from './find-imports.mjs';
import { parseSource } from './parse-source.mjs';

/** The source that a relative specifier names, or undefined. Compiled names (`./x.js`) stand for `x.ts` and `x.tsx`. */
function resolveRelative(files, from, specifier) {
  const path = posix.join(posix.dirname(from), specifier);
  const stem = path.replace(/\.jsx?$/, '');
  const candidates = [
    path,
    `${stem}.ts`,
    `${stem}.tsx`,
    `${stem}.d.ts`,
    `${path}/index.ts`,
    `${path}/index.tsx`,
  ];
  return candidates.find((candidate) => files.has(candidate));
}

/**
 * The imports of all files. Each has `from` and `line`, and then one of: `to`, a file of the map; `package`, a name
 * that is not relative; `missing`, a relative path that names no source; `computed`, a name known at run time only.
 */
export function importGraph(files) {
  return [...files].flatMap(([from, text]) =>
    findImports(parseSource(from, text)).map(({ specifier, line, typeOnly }) => {
      const place = { from, line, typeOnly };
      if (specifier === null) return { ...place, computed: true };
      if (!/^\.{1,2}(\/|$)/.test(specifier)) return { ...place, package: specifier };
      const to = resolveRelative(files, from, specifier);
      return to ? { ...place, to } : { ...place, missing: specifier };
    }),
  );
}
