// A node with more than its share of connections asks some of its clients to move. The balancer chooses where
// they go, so the node asks only while another node has room.
import type { NodeLoad } from '../broker/broker.js';
import { queueFrame } from '../delivery/queue-frame.js';
import type { Peer } from '../members/peer.js';
import type { ServerPorts } from '../ports/ports.js';

export interface RebalanceOptions {
  /**
   * How far above the mean of all nodes this node may be before it asks, as a part of the mean.
   *
   * @default 0.1
   */
  readonly tolerance?: number;
  /**
   * Clients that are asked per second, at most.
   *
   * @default 10
   */
  readonly rate?: number;
}

/** How often a node compares its load with the others, in ms. It is longer than their loads are old. */
const compareEveryMs = 10_000;
/** For how long a client is not asked again, in ms. */
const askAgainAfterMs = 60_000;

/**
 * The number of connections that `node` has too many: those above the mean of the nodes that stay, if they
 * are more than the tolerance allows, and no more than the others have room for.
 */
export function surplusOf(node: string, loads: readonly NodeLoad[], tolerance: number): number {
  const staying = loads.filter(({ draining }) => !draining);
  const ownLoad = staying.find((load) => load.node === node);
  if (!ownLoad) return 0;
  const mean = staying.reduce((sum, { connections }) => sum + connections, 0) / staying.length;
  if (ownLoad.connections <= mean * (1 + tolerance)) return 0;
  const freeRoom = staying.reduce(
    (sum, load) => (load === ownLoad || load.full ? sum : sum + Math.max(0, mean - load.connections)),
    0,
  );
  return Math.floor(Math.min(ownLoad.connections - mean, freeRoom));
}

/** Random items, each as likely as the others. */
function randomSample<T>(all: readonly T[], count: number, random: () => number): readonly T[] {
  const pool = [...all];
  return Array.from(
    { length: Math.min(count, pool.length) },
    () => pool.splice(Math.floor(random() * pool.length), 1)[0] as T,
  );
}

export interface BalancedNode {
  readonly node: string;
  readonly peers: ReadonlySet<Peer>;
  readonly loads: () => Promise<readonly NodeLoad[]>;
  readonly failed: (error: unknown) => void;
}

/**
 * Compares and asks again and again, until the returned function is called.
 *
 * @throws TypeError if an option makes no sense.
 */
export function rebalance(
  { node, peers, loads, failed }: BalancedNode,
  { tolerance = 0.1, rate = 10 }: RebalanceOptions,
  { setTimer, monotonicNow, random }: Pick<ServerPorts, 'setTimer' | 'monotonicNow' | 'random'>,
): () => void {
  if (!(tolerance >= 0)) throw new TypeError('rebalance: tolerance must be a number from 0');
  if (!(rate > 0)) throw new TypeError('rebalance: rate must be a number above 0');
  const askedAt = new WeakMap<Peer, number>();
  let stopped = false;
  let cancel = (): void => undefined;

  async function compareAndAsk(): Promise<void> {
    const surplus = surplusOf(node, await loads(), tolerance);
    const now = monotonicNow();
    const candidates =
      surplus === 0
        ? []
        : [...peers].filter(
            (peer) => peer.isLive && now - (askedAt.get(peer) ?? -Infinity) >= askAgainAfterMs,
          );
    for (const peer of randomSample(
      candidates,
      Math.min(surplus, Math.max(1, Math.floor((rate * compareEveryMs) / 1_000))),
      random,
    )) {
      askedAt.set(peer, now);
      queueFrame(peer, { type: 'goaway', within: compareEveryMs });
    }
  }

  const compareLater = (): void => {
    if (stopped) return;
    cancel = setTimer(compareEveryMs, () => {
      compareAndAsk().catch(failed).finally(compareLater);
    });
  };
  compareLater();
  return () => {
    stopped = true;
    cancel();
  };
}
