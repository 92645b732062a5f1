// What each node carries, for as long as it says so.
import type { NodeLoad } from '../../../broker/broker.js';
import type { ServerPorts } from '../../../ports/ports.js';
import { repeat } from '../../../util/repeat.js';
import type { Calls } from '../client/script-runner.js';
import type { Keys } from '../store/keys.js';
import * as scripts from '../store/scripts.js';
import { readLoad, writeLoad } from '../store/wire.js';

/** How long a node is believed to be there without a word, and how often it says one, in ms. */
const believed = 15_000;
const every = 5_000;

export interface Loads {
  announce(load: () => NodeLoad): { refresh(): void; end(): Promise<void> };
  nodes(): Promise<readonly NodeLoad[]>;
}

export function createLoads({
  after,
  calls,
  keys,
  node,
  failed,
}: {
  readonly after: ServerPorts['after'];
  readonly calls: Calls;
  readonly keys: Keys;
  readonly node: string;
  readonly failed: (error: unknown) => void;
}): Loads {
  const ask = (load: string): Promise<unknown> =>
    calls.script(scripts.loads, [keys.loads], [node, believed, load]);

  return {
    announce(load) {
      let ended = false;
      const say = (): void => {
        if (!ended) ask(writeLoad(load())).catch(failed);
      };
      say();
      const stop = repeat(after, every, say);
      return {
        refresh: say,
        async end() {
          ended = true;
          stop();
          await calls.command('HDEL', keys.loads, node).catch(failed);
        },
      };
    },
    async nodes() {
      return ((await ask('')) as string[]).flatMap((text) => readLoad(text) ?? []);
    },
  };
}
