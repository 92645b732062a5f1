// Bundles the simulation, with or without words of the source changed, so that a seed takes milliseconds.
import { bundle } from '../support/bundle.mjs';

/**
 * Bugs of the client, as changes to its source.
 * @type {Readonly<Record<string, readonly { file: string, find: string, replace: string }[]>>}
 */
export const mutations = {
  'no-stale-guard': [
    {
      file: 'src/client/machine/transition.ts',
      find: "if ('attempt' in event && !attemptsOf(connection).includes(event.attempt)) return [state, []];",
      replace: '',
    },
  ],
  'position-after-handler': [
    // The position moves when the batch has been handed to the handlers, a frame later, and is lost with a connection that breaks in between.
    {
      file: 'src/client/machine/room/room.ts',
      find: 'if (last && room.position) room.position = {',
      replace: 'if (last && room.position) (room as { later?: unknown }).later = {',
    },
    {
      file: 'src/client/machine/room/room.ts',
      find: 'let { offset, tag } = before.position;',
      replace:
        'let { offset, tag } = (before as { later?: { offset: number; tag: string } | null }).later ?? before.position;',
    },
    {
      file: 'src/client/machine/room/room.ts',
      find: "if (room.phase.status !== 'denied' && room.phase.status !== 'left') room.phase = wanted;",
      replace:
        "if (room.phase.status !== 'denied' && room.phase.status !== 'left') room.phase = wanted; (room as { later?: unknown }).later = null;",
    },
    {
      file: 'src/client/machine/transition.ts',
      find: "case 'storage-lost':",
      replace:
        "case 'delivered' as never:\n      for (const room of state.rooms.values()) { const { later } = room as { later?: never }; if (later) Object.assign(edit(turn, room), { position: later, later: null }); }\n      return;\n    case 'storage-lost':",
    },
    {
      file: 'src/client/driver.ts',
      find: 'for (const delivery of due) ports.deliver(delivery);',
      replace:
        "for (const delivery of due) ports.deliver(delivery);\n    if (due.length) queueMicrotask(() => dispatch({ type: 'delivered' } as never));",
    },
  ],
};

/** Bundles `main.ts` and returns the file, and what removes it. */
export async function bundleSimulation(mutation) {
  const changes = mutation ? mutations[mutation] : [];
  const found = new Set();
  const mutate = {
    name: 'mutate',
    enforce: 'pre',
    transform(code, id) {
      let changed = code;
      for (const change of changes) {
        if (!id.endsWith(change.file)) continue;
        if (changed.split(change.find).length !== 2)
          throw new Error(`${change.file} does not hold once: ${change.find}`);
        changed = changed.replace(change.find, () => change.replace);
        found.add(change);
      }
      return changed === code ? null : changed;
    },
  };
  const { files, remove } = await bundle(['test/simulation/main.ts'], [mutate]);
  if (found.size !== changes.length)
    throw new Error(`a file of the mutation '${mutation}' is not in the bundle`);
  return { file: files[0], remove };
}
