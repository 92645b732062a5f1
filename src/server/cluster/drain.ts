// The end of a node, without haste: its clients are asked to move on, each at a moment of its own, and who has not is told to.
import { queueFrame } from '../delivery/queue-frame.js';
import type { Peer } from '../members/peer.js';
import type { ServerPorts } from '../ports/ports.js';

export interface Drain {
  /** Whether no new connection is taken. */
  readonly draining: boolean;
  /** Takes no new connections from now on. */
  refuse(): void;
  /** Resolves once nobody is left, after `over` ms at the latest. A second call waits for the first. */
  begin(over: number): Promise<void>;
  /** A connection is gone. */
  left(): void;
}

/** Who begins to move last has the rest of the time for it. */
const lastStart = 0.8;

export function createDrain(peers: ReadonlySet<Peer>, { after }: Pick<ServerPorts, 'after'>): Drain {
  let draining = false;
  let running: Promise<void> | null = null;
  let emptied: (() => void) | null = null;

  const restart = (peer: Peer): void => {
    peer.drop(1012, 'this node is draining');
  };

  async function run(over: number): Promise<void> {
    for (const peer of peers) {
      // Who has not been let in yet has nothing to carry over.
      if (peer.isLive) queueFrame(peer, { type: 'goaway', within: Math.floor(over * lastStart) });
      else restart(peer);
    }
    if (peers.size === 0) return;
    await new Promise<void>((resolve) => {
      const cancel = after(over, resolve);
      emptied = () => {
        cancel();
        resolve();
      };
    });
    for (const peer of peers) restart(peer);
  }

  return {
    get draining() {
      return draining;
    },
    refuse() {
      draining = true;
    },
    begin(over) {
      draining = true;
      return (running ??= run(over));
    },
    left() {
      if (peers.size === 0) emptied?.();
    },
  };
}
