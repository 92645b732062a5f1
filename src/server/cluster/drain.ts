// The end of a node, without haste: its clients are asked to move on, each at a moment of its own, and who has not is told to.
import { closeCodes } from '../../protocol/codes.js';
import { queueFrame } from '../delivery/queue-frame.js';
import type { Peer } from '../members/peer.js';
import type { ServerPorts } from '../ports/ports.js';

export interface Drain {
  /** Whether no new connection is taken. */
  readonly isDraining: boolean;
  /** Takes no new connections from now on. */
  refuse(): void;
  /** Resolves once nobody is left, after `over` ms at the latest. A second call waits for the first. */
  begin(overMs: number): Promise<void>;
  /** A connection is gone. */
  connectionLeft(): void;
}

/** Who begins to move last has the rest of the time for it. */
const lastMoveShare = 0.8;

export function createDrain(peers: ReadonlySet<Peer>, { setTimer }: Pick<ServerPorts, 'setTimer'>): Drain {
  let isDraining = false;
  let drained: Promise<void> | null = null;
  let onEmpty: (() => void) | null = null;

  const restart = (peer: Peer): void => {
    peer.drop(closeCodes.restart, 'this node is draining');
  };

  async function run(overMs: number): Promise<void> {
    for (const peer of peers) {
      // Who has not been let in yet has nothing to carry over.
      if (peer.isLive) queueFrame(peer, { type: 'goaway', within: Math.floor(overMs * lastMoveShare) });
      else restart(peer);
    }
    if (peers.size === 0) return;
    await new Promise<void>((resolve) => {
      const cancel = setTimer(overMs, resolve);
      onEmpty = () => {
        cancel();
        resolve();
      };
    });
    for (const peer of peers) restart(peer);
  }

  return {
    get isDraining() {
      return isDraining;
    },
    refuse() {
      isDraining = true;
    },
    begin(overMs) {
      isDraining = true;
      return (drained ??= run(overMs));
    },
    connectionLeft() {
      if (peers.size === 0) onEmpty?.();
    },
  };
}
