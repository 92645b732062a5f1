// The end of a node without haste: its clients are asked to move, each at a moment of its own. Connections
// that are left in the end are closed.
import { closeCodes } from '../../protocol/codes.js';
import { queueFrame } from '../delivery/queue-frame.js';
import type { Peer } from '../members/peer.js';
import type { ServerPorts } from '../ports/ports.js';

export interface Drain {
  /** Whether no new connection is let in. */
  readonly isDraining: boolean;
  /** Lets no new connection in from now on. */
  refuse(): void;
  /** Resolves once no connection is left, after `overMs` at the latest. A second call waits for the first. */
  begin(overMs: number): Promise<void>;
  /** A connection is gone. */
  connectionLeft(): void;
}

/** The share of the time in which clients begin to move. The last one has the rest for its move. */
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
      // A session that was not let in yet has nothing to carry over.
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
