// This node among the others: its announcement, the loads of all nodes, and rebalancing.
import type { Broker, NodeLoad } from '../broker/broker.js';
import type { Peer } from '../members/peer.js';
import type { ServerPorts } from '../ports/ports.js';
import type { MaybePromise } from '../util/maybe-promise.js';
import { rebalance, type RebalanceOptions } from './rebalance.js';

export interface Cluster {
  /** All nodes and their loads, by name. The load of this node is the current one. */
  nodes(): Promise<readonly NodeLoad[]>;
  rebalance(options: RebalanceOptions): () => void;
  /** Clients can reach this node: from now on it is one of the nodes. */
  announce(): void;
  /** Announces the load of this node now. */
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
    const ownLoad = load();
    const others = (await broker.nodes()).filter(({ node }) => node !== ownLoad.node);
    return [ownLoad, ...others].toSorted((first, second) => (first.node < second.node ? -1 : 1));
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
