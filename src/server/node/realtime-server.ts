// The server for Node: the core, with an HTTP server under it.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getHeapStatistics } from 'node:v8';
import type { ParamsOf, PresenceIn, RoomName, SendOf, TypeOf } from '../../contract/infer.js';
import { memoryBroker } from '../memory-broker.js';
import type { ServerOptions } from '../options.js';
import { createServerCore, type ServerStats } from '../server.js';
import type { UserInfo } from '../../protocol/frames.js';
import { answerHealth } from './health.js';
import { defaultLogger } from './logger.js';
import { nodePorts } from './ports.js';
import { addressing, type TrustProxy } from './proxies.js';
import { serveUpgrades } from './upgrade.js';

export interface NodeServerOptions extends ServerOptions {
  /** The proxies in front of this server: how many there are, or their addresses and subnets. What they say of where a client comes from (`X-Forwarded-For`) is believed then, for `connections.perAddress`, `authenticate` and the log. Default: none. */
  readonly trustProxy?: TrustProxy | undefined;
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
  send<T extends TypeOf<R>>(type: T, data: SendOf<R, T>): Promise<{ readonly offset: number; readonly epoch: string; readonly timestamp: number }>;
  /** To everybody who is there now, in no log. Throws as `send` rejects. */
  broadcast<T extends TypeOf<R>>(type: T, data: SendOf<R, T>): void;
  /** Everybody in the room, on every node. */
  members(): Promise<readonly { readonly id: string; readonly user: UserInfo | null; readonly presence: PresenceIn<R> | null }[]>;
}

type RoomArgs<R> = keyof ParamsOf<R> extends never ? [params?: ParamsOf<R>] : [params: ParamsOf<R>];

export interface RealtimeServer {
  /** Starts an HTTP server of its own, with `/health/live` and `/health/ready`, which is 503 while it drains or its broker is away. Rejects where the port is taken. */
  listen(options?: ListenOptions): Promise<Address>;
  /** Serves the upgrades of a server of yours on one path; others are left alone. Returns what stops it. */
  attach(server: Server, options?: { readonly path?: string }): () => void;
  /** A room as the server speaks in it. */
  room<R extends RoomName>(room: R, ...params: RoomArgs<R>): RoomOnServer<R>;
  /** Ends every connection of a user, on every node. */
  disconnect(user: string, reason?: string): void;
  /** Asks `authorize` again, on every node, whether a user may be in the rooms it is in, and ends what it may not: call it when rights were taken away. */
  reauthorize(user: string): void;
  /** What this node holds. */
  stats(): ServerStats;
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
  // A log that grows must not end the process, however much its messages promise less than they cost.
  const broker = options.broker ?? memoryBroker({ now: nodePorts.now, randomId: nodePorts.randomId, bytes: getHeapStatistics().heap_size_limit / 4 });
  const core = createServerCore({ ...options, broker, logger: options.logger ?? defaultLogger() }, nodePorts);
  const addressOf = addressing(options.trustProxy);
  const stops: (() => void)[] = [];
  const servers: Server[] = [];

  return {
    async listen({ port = 0, host, path = '/realtime' } = {}) {
      await broker.ready?.();
      const http = createServer({ headersTimeout: 10_000, connectionsCheckingInterval: 1_000 }, (request, response) => {
        answerHealth(core, broker, request, response);
      });
      await new Promise<void>((resolve, reject) => {
        http.once('error', reject);
        http.listen({ port, ...(host === undefined ? {} : { host }), backlog: 4_096 }, resolve);
      });
      stops.push(serveUpgrades(core, http, { path, alone: true, addressOf }));
      servers.push(http);
      const address = http.address() as AddressInfo;
      const name = host ?? 'localhost';
      return { host: name, port: address.port, url: `ws://${name.includes(':') ? `[${name}]` : name}:${address.port}${path}` };
    },
    attach(server, { path = '/realtime' } = {}) {
      const stop = serveUpgrades(core, server, { path, alone: false, addressOf });
      stops.push(stop);
      return stop;
    },
    room: (room, ...[params]) => core.room(room, params as Readonly<Record<string, string>> | undefined) as unknown as RoomOnServer<typeof room>,
    disconnect: core.disconnect,
    reauthorize: core.reauthorize,
    stats: core.stats,
    drain: core.drain,
    async close() {
      await core.close();
      if (!options.broker) await broker.close();
      for (const stop of stops.splice(0)) stop();
      await Promise.all(servers.splice(0).map((http) => new Promise<void>((resolve) => {
        http.close(() => { resolve(); });
        http.closeAllConnections();
      })));
    },
  };
}

