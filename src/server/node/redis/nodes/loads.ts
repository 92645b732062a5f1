// The loads that nodes announce.
import type { NodeLoad } from '../../../broker/broker.js';
import type { ServerPorts } from '../../../ports/ports.js';
import { repeat } from '../../../util/repeat.js';
import type { ScriptRunner } from '../client/script-runner.js';
import type { RedisKeys } from '../store/keys.js';
import { nodeLeaseMs, renewLeaseEveryMs } from '../store/lease.js';
import * as scripts from '../store/node-scripts.js';
import { readLoad, writeLoad } from '../store/wire.js';

export interface NodeLoads {
  announce(load: () => NodeLoad): { refresh(): void; end(): Promise<void> };
  nodes(): Promise<readonly NodeLoad[]>;
}

export function createNodeLoads({
  setTimer,
  runner,
  keys,
  node,
  failed,
}: {
  readonly setTimer: ServerPorts['setTimer'];
  readonly runner: ScriptRunner;
  readonly keys: RedisKeys;
  readonly node: string;
  readonly failed: (error: unknown) => void;
}): NodeLoads {
  const askLoads = (load: string): Promise<unknown> =>
    runner.script(scripts.loads, [keys.loads], [node, nodeLeaseMs, load]);

  return {
    announce(load) {
      let isEnded = false;
      const announceLoad = (): void => {
        if (!isEnded) askLoads(writeLoad(load())).catch(failed);
      };
      announceLoad();
      const stop = repeat(setTimer, renewLeaseEveryMs, announceLoad);
      return {
        refresh: announceLoad,
        async end() {
          isEnded = true;
          stop();
          await runner.command('HDEL', keys.loads, node).catch(failed);
        },
      };
    },
    async nodes() {
      return ((await askLoads('')) as string[]).flatMap((text) => readLoad(text) ?? []);
    },
  };
}
