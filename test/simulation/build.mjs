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
      find: "if ('attempt' in event && !attemptsOf(state.connection).includes(event.attempt)) return [state, []];",
      replace: '',
    },
  ],
  // The position moves a turn after the handlers were told of the batch. It does not move if the connection breaks first.
  'position-after-handler': [
    {
      file: 'src/client/machine/room/log.live.ts',
      find: 'if (last && log.position) log.position = {',
      replace: 'if (last && log.position) (log as { later?: unknown }).later = {',
    },
    {
      file: 'src/client/machine/room/log.live.ts',
      find: 'linkedEntries(room.log.position, entries)',
      replace: 'linkedEntries((room.log as { later?: Position | null }).later ?? room.log.position, entries)',
    },
    {
      file: 'src/client/machine/room/membership.ts',
      find: '    draft.rejoiningFrom = null;\n  },\n  userChanged',
      replace: `    draft.rejoiningFrom = null;
    (draftPart(turn, id, 'log') as { later?: unknown }).later = null;
  },
  userChanged`,
    },
    {
      file: 'src/client/machine/transition.ts',
      find: "import { callLive } from './model/draft.js';",
      replace: "import { callLive, draftPart } from './model/draft.js';",
    },
    {
      file: 'src/client/machine/transition.ts',
      find: "if (event.type === 'tick') return tick(turn);",
      replace: `if ((event.type as string) === 'delivered') {
    for (const { id, log } of turn.state.rooms.values()) {
      const { later } = log as { later?: never };
      if (later) Object.assign(draftPart(turn, id, 'log'), { position: later, later: null });
    }
    return undefined;
  }
  if (event.type === 'tick') return tick(turn);`,
    },
    {
      file: 'src/client/machine/transition.ts',
      find: "type === 'tick' || type === 'pump' ||",
      replace: "type === 'tick' || type === 'pump' || (type as string) === 'delivered' ||",
    },
    {
      file: 'src/client/driver/driver.ts',
      find: 'createPublisher(state, schedule, () => targets)',
      replace: `createPublisher(state, schedule, () => ({
    ...targets,
    deliver(delivery) {
      targets.deliver(delivery);
      queueMicrotask(() => handle({ type: 'delivered' } as never));
    },
  }))`,
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
