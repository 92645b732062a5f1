// This node among the others: what it says of itself, what it knows of them, and what it does about it.
import type { Broker, NodeLoad } from '../broker/broker.js';
import type { Peer } from '../members/peer.js';
import type { ServerPorts } from '../ports/ports.js';
import type { MaybePromise } from '../util/maybe-promise.js';
import { rebalance, type RebalanceOptions } from './rebalance.js';

export interface Cluster {
  /** Every node and its load, by name; of this node, what is so now. */
  nodes(): Promise<readonly NodeLoad[]>;
  rebalance(options: RebalanceOptions): () => void;
  /** Clients can reach this node: it is one of the nodes from now on. */
  announce(): void;
  /** Tells the others now what this node carries. */
  refresh(): void;
  end(): MaybePromise<void>;
}

export interface ClusterContext extends ServerPorts {
  readonly broker: Broker;
  readonly peers: ReadonlySet<Peer>;
  readonly load: () => NodeLoad;
  readonly failed: (error: unknown) => void;
}

export function createCluster({ broker, peers, load, failed, ...ports }: ClusterContext): Cluster {
  let announced: ReturnType<Broker['announce']> | null = null;
  let isEnded = false;
  const announce = (): void => {
    if (!isEnded) announced ??= broker.announce(load);
  };
  const stops: (() => void)[] = [];

  async function nodes(): Promise<readonly NodeLoad[]> {
    const own = load();
    const others = (await broker.nodes()).filter(({ node }) => node !== own.node);
    return [own, ...others].toSorted((one, two) => (one.node < two.node ? -1 : 1));
  }

  return {
    nodes,
    rebalance(options) {
      const stop = rebalance({ node: load().node, peers, loads: nodes, failed }, options, ports);
      stops.push(stop);
      return stop;
    },
    announce,
    refresh: () => announced?.refresh(),
    end() {
      isEnded = true;
      for (const stop of stops.splice(0)) stop();
      return announced?.end();
    },
  };
}
