// The server for Node: the core, with an HTTP server under it.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getHeapStatistics } from 'node:v8';
import type { DataOf, ParamsOf, PresenceIn, RoomName, SendOf, TypeOf } from '../../contract/infer.js';
import { traceOf } from '../observe/log.js';
import { memoryBroker } from '../broker/memory-broker.js';
import type { ServerOptions } from '../options.js';
import type { Reach } from '../connection/origins.js';
import type { ServerPorts } from '../ports/ports.js';
import { noMeter } from '../ports/meter.js';
import type { NodeLoad } from '../broker/broker.js';
import type { RebalanceOptions } from '../cluster/rebalance.js';
import { createServerCore, type ServerCore, type ServerStats } from '../server.js';
import type { UserInfo } from '../../protocol/frames.js';
import { createFallback, type Fallback } from './fallback/serve.js';
import { normalizePath } from './http/attachments.js';
import { answerMonitor } from './http/health.js';
import { defaultLogger } from './logger.js';
import { createMetrics } from './http/metrics.js';
import { nodePorts } from './system/ports.js';
import { createAddressOf, type TrustProxy } from './http/proxies.js';
import { mayExplainFailure, reachOf } from './http/reach.js';
import { serveRequests } from './fallback/requests.js';
import { serveUpgrades } from './http/upgrade.js';

export interface NodeServerOptions extends ServerOptions {
  /** The proxies in front of this server: how many there are, or their addresses and subnets. What they say of where a client comes from (`X-Forwarded-For`) is believed then, for `connections.perAddress`, `authenticate` and the log. Default: none. */
  readonly trustProxy?: TrustProxy | undefined;
  /** Whether clients for whom WebSocket is blocked may go on over HTTP, below the path of upgrades: `/realtime/http/…`. Default true. */
  readonly fallback?: boolean | undefined;
  /** Whether to measure, for Prometheus: `listen()` serves it at `/metrics`, to whoever reaches the port. Default false. */
  readonly metrics?: boolean | undefined;
}

export interface ListenOptions {
  /** Default 0: a free one. */
  readonly port?: number;
  /** Default: all interfaces. */
  readonly host?: string;
  /** Where upgrades are served. Default `/realtime`. */
  readonly path?: string;
}

export interface Address {
  readonly host: string;
  readonly port: number;
  /** `ws://host:port/path`. */
  readonly url: string;
}

export interface RoomOnServer<R> {
  readonly id: string;
  /** Appends a message of the server's own: its `sender` is null. Rejects with `invalid`, `unknown-type` or `denied`. */
  send<T extends TypeOf<R>>(
    type: T,
    data: SendOf<R, T>,
  ): Promise<{ readonly offset: number; readonly epoch: string; readonly timestamp: number }>;
  /** To everybody who is there now, in no log. Throws as `send` rejects. */
  broadcast<T extends TypeOf<R>>(type: T, data: SendOf<R, T>): void;
  /** Everybody in the room, on every node. */
  members(): Promise<
    readonly {
      readonly id: string;
      readonly user: UserInfo | null;
      readonly presence: PresenceIn<R> | null;
    }[]
  >;
  /** The newest `limit` (default 50) entries of the log, or those before the offset `before`, oldest first: for a page that is rendered on a server, say. What the contract cannot read is passed over. */
  history(options?: { readonly before?: number; readonly limit?: number }): Promise<readonly LoggedIn<R>[]>;
}

/** A message in a room's log. `sender` null: the server itself. */
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
  /** Starts an HTTP server of its own, with `/health/live`, `/health/ready`, which is 503 while it drains, is full or its broker is away, and `/metrics`, where `metrics` says so. Rejects where the port is taken. */
  listen(options?: ListenOptions): Promise<Address>;
  /** Serves the upgrades of a server of yours on one path, and below it the requests of clients for whom WebSocket is blocked; all others are left to you. An upgrade that nobody answers within 10 s gets 404. Returns what stops it. A realtime server that has the path already serves no new connection there. */
  attach(server: Server, options?: { readonly path?: string }): () => void;
  /** A room as the server speaks in it. */
  room<R extends RoomName>(room: R, ...params: RoomArgs<R>): RoomOnServer<R>;
  /** Ends every connection of a user, on every node. Of the reason, each is told the first 123 bytes. */
  disconnect(user: string, reason?: string): void;
  /** Asks `authorize` again, on every node, whether a user may be in the rooms it is in, and ends what it may not: call it when rights were taken away. */
  reauthorize(user: string): void;
  /** What this node holds. */
  stats(): ServerStats;
  /** Every node and its load, by name. Rejects where the nodes cannot be asked. */
  cluster(): Promise<readonly NodeLoad[]>;
  /**
   * From now on, every 10 s, asks clients to move where this node has more than its share: more than `tolerance` (default 0.1) above the mean of all nodes, at most `rate` (default 10) of them a second,
   * and only while another node that neither drains nor is full has less. Where they go is the balancer's choice: let it choose the node with the fewest connections. Returns what stops it.
   */
  rebalance(options?: RebalanceOptions): () => void;
  /** What was measured, in the text format of Prometheus: for an HTTP server of your own. Rejects unless `metrics` is true. */
  metrics(): Promise<string>;
  /** Takes no new connections, asks the others to move on within `over` ms (default 10 000), and resolves once they have or the time is up. */
  drain(options?: { readonly over?: number }): Promise<void>;
  /** Ends every connection with 1012 and stops listening. */
  close(): Promise<void>;
}

/**
 * A realtime server for Node.
 *
 * @throws TypeError where an option makes no sense.
 */
export function createRealtimeServer(options: NodeServerOptions): RealtimeServer {
  return createRealtimeServerOn(nodePorts, options);
}

/** The same on a clock and timers of the caller's. */
export function createRealtimeServerOn(ports: ServerPorts, options: NodeServerOptions): RealtimeServer {
  // A log that grows must not end the process, however much its messages promise less than they cost.
  const broker =
    options.broker ??
    memoryBroker({
      now: ports.now,
      randomId: ports.randomId,
      bytes: getHeapStatistics().heap_size_limit / 4,
    });
  const metrics = options.metrics ? createMetrics(() => core.stats()) : null;
  const core: ServerCore = createServerCore(
    { ...options, broker, logger: options.logger ?? defaultLogger() },
    {
      ...ports,
      mayExplainFailure,
      ...(metrics && { meter: metrics.meter }),
    },
    false,
  );
  const meter = metrics?.meter ?? noMeter;
  const addressOf = createAddressOf(options.trustProxy);
  const stops: (() => void)[] = [];
  const servers: Server[] = [];
  const fallbackAt = (path: string, reach: () => Reach): Fallback | null =>
    options.fallback === false ? null : createFallback(core, { path, addressOf, reach, meter, ports });

  return {
    async listen({ port = 0, host, path: asked = '/realtime' } = {}) {
      const path = normalizePath(asked);
      await broker.ready?.();
      const reach = (): Reach => reachOf(http, options.trustProxy);
      const ours = fallbackAt(path, reach);
      const http = createServer(
        { headersTimeout: 10_000, connectionsCheckingInterval: 1_000 },
        (request, response) => {
          if (!ours?.answerRequest(request, response)) answerMonitor(core, metrics, request, response);
        },
      );
      await new Promise<void>((resolve, reject) => {
        http.once('error', reject);
        http.listen({ port, ...(host === undefined ? {} : { host }), backlog: 4_096 }, resolve);
      });
      stops.push(serveUpgrades(core, http, { path, after: ports.setTimer, addressOf, reach }), () => {
        ours?.stop();
      });
      servers.push(http);
      core.announce();
      // Answers come in order: once this one is here, every other node finds this one.
      await core.cluster().catch((error: unknown) => {
        core.settings.logger.warn(traceOf(error), 'the other nodes could not be asked');
      });
      const address = http.address() as AddressInfo;
      const name = host ?? 'localhost';
      return {
        host: name,
        port: address.port,
        url: `ws://${name.includes(':') ? `[${name}]` : name}:${address.port}${path}`,
      };
    },
    attach(server, { path: asked = '/realtime' } = {}) {
      const path = normalizePath(asked);
      const reach = (): Reach => reachOf(server, options.trustProxy);
      // Nobody waits for it here: what does not fit is said in the log.
      Promise.resolve(broker.ready?.()).catch((error: unknown) => {
        core.settings.logger.error(traceOf(error), 'the broker is not ready');
      });
      const upgrades = serveUpgrades(core, server, { path, after: ports.setTimer, addressOf, reach });
      const ours = fallbackAt(path, reach);
      const requests = ours && serveRequests(server, ours.answerRequest);
      if (server.listening) core.announce();
      else server.once('listening', core.announce);
      const stop = (): void => {
        server.off('listening', core.announce);
        upgrades();
        requests?.();
        ours?.stop();
      };
      stops.push(stop);
      return stop;
    },
    room: (room, ...[params]) =>
      core.room(room, params as Readonly<Record<string, string>> | undefined) as unknown as RoomOnServer<
        typeof room
      >,
    disconnect: core.disconnect,
    reauthorize: core.reauthorize,
    stats: core.stats,
    cluster: core.cluster,
    rebalance: core.rebalance,
    async metrics() {
      if (!metrics) throw new Error('nothing is measured: set the option metrics');
      return metrics.text();
    },
    drain: core.drain,
    async close() {
      await core.close();
      if (!options.broker) await broker.close();
      for (const stop of stops.splice(0)) stop();
      await Promise.all(
        servers.splice(0).map(
          (http) =>
            new Promise<void>((resolve) => {
              http.close(() => {
                resolve();
              });
              http.closeAllConnections();
            }),
        ),
      );
    },
  };
}
