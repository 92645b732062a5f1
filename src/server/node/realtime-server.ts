// The server for Node: the core, with an HTTP server under it.
import type { Server } from 'node:http';
import { getHeapStatistics } from 'node:v8';
import type { DataOf, ParamsOf, PresenceIn, RoomName, SendOf, TypeOf } from '../../contract/infer.js';
import type { UserInfo } from '../../protocol/frames.js';
import type { NodeLoad } from '../broker/broker.js';
import { memoryBroker } from '../broker/memory-broker.js';
import type { RebalanceOptions } from '../cluster/rebalance.js';
import type { ServerOptions } from '../options.js';
import type { ServerPorts } from '../ports/ports.js';
import type { ServerRoom } from '../server-room.js';
import { createServerCore, type ServerStats } from '../server.js';
import { HttpSites, type Address, type ListenOptions } from './http-sites.js';
import { createMetrics } from './http/metrics.js';
import { createAddressOf, type TrustProxy } from './http/proxies.js';
import { mayExplainFailure } from './http/reach.js';
import { defaultLogger } from './logger.js';
import { nodePorts } from './system/ports.js';

export interface NodeServerOptions extends ServerOptions {
  /**
   * The proxies in front of this server: their number, or their addresses and subnets. The client address
   * that they state (`X-Forwarded-For`) is then believed, for `connections.perAddress`, `authenticate` and
   * the log.
   *
   * @default no proxy
   */
  readonly trustProxy?: TrustProxy | undefined;
  /**
   * Whether clients whose network blocks WebSocket may use HTTP instead, below the path of upgrades:
   * `/realtime/http/…`.
   *
   * @default true
   */
  readonly fallback?: boolean | undefined;
  /**
   * Whether to measure for Prometheus. `listen()` then serves `/metrics` to every client that reaches the
   * port.
   *
   * @default false
   */
  readonly metrics?: boolean | undefined;
}

export interface RoomOnServer<R> {
  readonly id: string;
  /**
   * Appends a message of the server, whose `sender` is null. Rejects with `invalid`, `unknown-type` or
   * `denied`.
   */
  send<T extends TypeOf<R>>(
    type: T,
    data: SendOf<R, T>,
  ): Promise<{ readonly offset: number; readonly epoch: string; readonly timestamp: number }>;
  /**
   * Sends a message to every member that is there now. No log keeps it. Throws the errors that `send` rejects
   * with.
   */
  broadcast<T extends TypeOf<R>>(type: T, data: SendOf<R, T>): void;
  /** All members of the room, on all nodes. */
  members(): Promise<
    readonly {
      readonly id: string;
      readonly user: UserInfo | null;
      readonly presence: PresenceIn<R> | null;
    }[]
  >;
  /**
   * The newest `limit` messages of the log (50 by default), or those before the offset `before`; the oldest
   * first. Use it for a page that is rendered on a server. Messages that the contract cannot read are left
   * out.
   */
  history(options?: { readonly before?: number; readonly limit?: number }): Promise<readonly LoggedIn<R>[]>;
}

/** A message in the log of a room. `sender` is null for a message of the server itself. */
export type LoggedIn<R, T extends TypeOf<R> = TypeOf<R>> = T extends unknown
  ? {
      readonly id: string;
      readonly type: T;
      readonly data: DataOf<R, T>;
      readonly offset: number;
      readonly timestamp: number;
      readonly sender: { readonly id: string; readonly user: UserInfo | null } | null;
    }
  : never;

type RoomArgs<R> = keyof ParamsOf<R> extends never ? [params?: ParamsOf<R>] : [params: ParamsOf<R>];

export interface RealtimeServer {
  /**
   * Starts an HTTP server, and resolves with its address once it listens. It serves:
   *
   * - upgrades and the HTTP fallback at `path`,
   * - `/health/live`: 200 while the process answers,
   * - `/health/ready`: 200, or 503 while the server drains, is full, or its broker cannot be asked,
   * - `/metrics`, with the option `metrics`.
   *
   * Rejects if the port is taken, or the broker is not ready.
   */
  listen(options?: ListenOptions): Promise<Address>;
  /**
   * Serves the upgrades of your own HTTP server on one path (`/realtime` by default), and below it the
   * requests of clients without WebSocket. Other requests are left to you. An upgrade that no listener
   * answers within 10 s gets 404. A realtime server that had the path before serves no new connection there.
   *
   * Returns a function that stops it.
   */
  attach(server: Server, options?: { readonly path?: string }): () => void;
  /** A room as the server uses it. */
  room<R extends RoomName>(room: R, ...params: RoomArgs<R>): RoomOnServer<R>;
  /**
   * Ends every connection of a user, on every node, with 4403. The client is told the first 123 bytes of the
   * reason.
   */
  disconnect(user: string, reason?: string): void;
  /**
   * Asks `authorize` again, on every node, whether a user may be in its rooms, and expels it from the others.
   * Call it after you took rights away.
   */
  reauthorize(user: string): void;
  /** The connections, rooms and counters of this node. */
  stats(): ServerStats;
  /** All nodes and their loads, by name. Rejects if the other nodes cannot be asked. */
  cluster(): Promise<readonly NodeLoad[]>;
  /**
   * Asks clients to move while this node has more than its share of connections: every 10 s, if it is more
   * than `tolerance` (0.1 by default) above the mean of all nodes, at most `rate` clients per second (10 by
   * default). It asks only while another node has less, and neither drains nor is full.
   *
   * The balancer chooses where the clients go: let it choose the node with the fewest connections. Returns a
   * function that stops it.
   */
  rebalance(options?: RebalanceOptions): () => void;
  /**
   * The measurements in the text format of Prometheus, for an HTTP server of your own. Rejects without the
   * option `metrics`.
   */
  metrics(): Promise<string>;
  /**
   * Lets no new connection in, asks the others to move within `over` ms (10 000 by default), and resolves
   * once they have, or the time is up.
   */
  drain(options?: { readonly over?: number }): Promise<void>;
  /** Ends every connection with 1012, and stops listening. */
  close(): Promise<void>;
}

/**
 * Makes a realtime server for Node.
 *
 * @example
 * ```ts
 * const server = createRealtimeServer({ rooms: [serve('lobby')] });
 * const { url } = await server.listen({ port: 8080 });
 * ```
 * @throws TypeError if an option makes no sense.
 */
export function createRealtimeServer(options: NodeServerOptions): RealtimeServer {
  return createRealtimeServerOn(nodePorts, options);
}

/** A room of the core, typed by its contract. The contract checks data when it is sent and read. */
const typedRoom = <R>(room: ServerRoom): RoomOnServer<R> => room as unknown as RoomOnServer<R>;

/** Makes a server on a clock and timers of the caller's. */
export function createRealtimeServerOn(ports: ServerPorts, options: NodeServerOptions): RealtimeServer {
  // A quarter of the heap: the estimates of a broker in memory may be too low, and a growing log must not end
  // the process.
  const bytes = getHeapStatistics().heap_size_limit / 4;
  const broker = options.broker ?? memoryBroker({ now: ports.now, randomId: ports.randomId, bytes });
  const metrics = options.metrics ? createMetrics() : null;
  const core = createServerCore(
    { ...options, broker, logger: options.logger ?? defaultLogger() },
    { ...ports, mayExplainFailure, ...(metrics && { meter: metrics.meter }) },
    false,
  );
  metrics?.observe(core.stats);
  const sites = new HttpSites({
    core,
    ports,
    metrics,
    addressOf: createAddressOf(options.trustProxy),
    trustProxy: options.trustProxy,
    hasFallback: options.fallback !== false,
  });
  return {
    listen: (listenOptions) => sites.listen(listenOptions),
    attach: (http, attachOptions) => sites.attach(http, attachOptions),
    room: (room, ...[params]) =>
      typedRoom<typeof room>(core.room(room, params as Readonly<Record<string, string>> | undefined)),
    disconnect: core.disconnect,
    reauthorize: core.reauthorize,
    stats: core.stats,
    cluster: core.cluster,
    rebalance: core.rebalance,
    async metrics() {
      if (!metrics) throw new Error('there are no metrics: set the option metrics');
      return metrics.text();
    },
    drain: core.drain,
    async close() {
      await core.close();
      if (!options.broker) await broker.close();
      await sites.close();
    },
  };
}
