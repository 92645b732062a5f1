// The options of a server, with their defaults and checks.
import { json, type Codec } from '../protocol/codec.js';
import { defaultLimits, helloTimeout, type Limits } from '../protocol/limits.js';
import { msgpack } from '../protocol/msgpack.js';
import type { Broker } from './broker/broker.js';
import { memoryBroker } from './broker/memory-broker.js';
import type { ConnectionLimits } from './connection/connection-limits.js';
import { isOrigin } from './connection/origins.js';
import { createServerLog, type ServerLogger } from './observe/log.js';
import type { RequestInfo, ServerPorts } from './ports/ports.js';
import type { ServedRoom, User } from './rooms/serve.js';
import type { Settings } from './settings.js';
import type { MaybePromise } from './util/maybe-promise.js';

export interface ServerOptions {
  /** The rooms of this server. For a room id, the first definition whose pattern matches counts. */
  readonly rooms: readonly ServedRoom[];
  /**
   * Finds the user of a connection.
   *
   * - A user lets the connection in until its `expiresAt`.
   * - Null refuses it with 4401.
   * - A `RealtimeError` with `rejected` refuses it with 4401, and its message is logged.
   * - Any other exception, or an answer that takes longer than 10 s, closes it with 4500, and the client
   *   tries again.
   *
   * @default every connection is let in, without a user
   */
  readonly authenticate?:
    | ((credentials: {
        readonly token: string | null;
        readonly request: RequestInfo;
      }) => MaybePromise<User | null>)
    | undefined;
  /**
   * What other members see of a user: plain data with its `id`. An exception, or anything else, is logged,
   * and the connection is closed with 4500.
   *
   * @default the user without `expiresAt`
   */
  readonly expose?: ((user: User) => User) | undefined;
  /**
   * Keeps rooms.
   *
   * @default {@link memoryBroker}
   */
  readonly broker?: Broker | undefined;
  /**
   * The exact origins whose pages may connect, with scheme and port, such as `https://app.example.com`.
   *
   * By default these are the server's own host, and clients that send no Origin, which are no browsers. A
   * server that listens on a loopback address without `trustProxy` takes pages only under a loopback name,
   * and outside production (`NODE_ENV`) local pages of every port.
   */
  readonly origins?: readonly string[] | undefined;
  /** What one connection, and one room, may do: see {@link Limits}. */
  readonly limits?: Partial<Omit<Limits, 'depth' | 'items'>> | undefined;
  /**
   * How many connections may be open at once: see {@link ConnectionLimits}. Beyond a limit a new connection
   * is closed with 1013 or 4429, and tries again later.
   */
  readonly connections?: Partial<ConnectionLimits> | undefined;
  /**
   * The server pings a connection every `interval` ms, and closes one that is silent for `interval + timeout`
   * ms.
   *
   * @default { interval: 25_000, timeout: 35_000 }
   */
  readonly heartbeat?: { readonly interval?: number; readonly timeout?: number } | undefined;
  /**
   * For how long a member that lost its connection is still shown to the others, in ms.
   *
   * @default 10_000
   */
  readonly presenceGrace?: number | undefined;
  /**
   * The bytes that may wait for a slow reader.
   *
   * Beyond that, nothing more of its rooms is pushed to it. It is told `lag`, and then gets the messages from
   * the log as it reads, or `reset` if the log does not have them any more. It misses broadcasts, as its
   * room's `slow` says, and gets the newest presences. Its connection is closed with 4008 if it reads nothing
   * for 30 s, or if twice as many bytes wait.
   *
   * @default 1_048_576, which is 1 MiB
   */
  readonly buffer?: number | undefined;
  /**
   * The codecs that the server speaks.
   *
   * @default JSON and MessagePack
   */
  readonly codecs?: readonly Codec[] | undefined;
  /**
   * Gets one line for each event, with texts escaped and cut at 200 characters; of one event ten lines a
   * second, and then a count. No line holds a token, a session key, a payload, or the message of an
   * exception, which may quote one.
   *
   * @default warnings and errors, with pino, as JSON on the standard output
   */
  readonly logger?: ServerLogger | undefined;
  /**
   * The name of this node, which must be unique among the nodes.
   *
   * @default a random name
   */
  readonly node?: string | undefined;
}

const consoleLogger: ServerLogger = {
  info: () => undefined,
  warn: (details, message) => {
    console.warn(`roomful: ${message}`, details);
  },
  error: (details, message) => {
    console.error(`roomful: ${message}`, details);
  },
};

function withoutExpiry(user: User): User {
  const { expiresAt: _, ...exposed } = user;
  return exposed as User;
}

/** Checks the options, and fills in their defaults. Throws a `TypeError` that names the option. */
export function settingsOf(options: ServerOptions, ports: ServerPorts): Settings {
  if (!Array.isArray(options.rooms)) throw new TypeError('rooms must be a list of serve(…)');
  const limits = { ...defaultLimits, ...options.limits };
  for (const [name, value] of Object.entries(limits))
    if (!Number.isSafeInteger(value) || value < 1)
      throw new TypeError(`limits.${name} must be a whole number from 1`);
  for (const name of ['depth', 'items'] as const)
    if (limits[name] !== defaultLimits[name])
      throw new TypeError(`limits.${name} must be ${defaultLimits[name]}, as the protocol states`);
  const connections = {
    total: Infinity,
    strangers: 1_000,
    perUser: 100,
    perAddress: Infinity,
    ...options.connections,
  };
  for (const [name, value] of Object.entries(connections))
    if (!(value >= 1)) throw new TypeError(`connections.${name} must be a number from 1`);
  for (const origin of options.origins ?? [])
    if (!isOrigin(origin))
      throw new TypeError(
        `origins: '${origin}' is not an origin as a browser writes it, such as https://app.example.com`,
      );
  const { interval = 25_000, timeout = 35_000 } = options.heartbeat ?? {};
  if (!(interval > 0) || !(timeout > 0))
    throw new TypeError('heartbeat: interval and timeout must be numbers of ms above 0');
  return {
    rooms: options.rooms,
    authenticate: options.authenticate ?? null,
    expose: options.expose ?? withoutExpiry,
    broker: options.broker ?? memoryBroker({ now: ports.now, randomId: ports.randomId }),
    origins: options.origins ?? null,
    limits,
    connections,
    heartbeat: { interval: Math.ceil(interval), timeout: Math.ceil(timeout) },
    presenceGrace: options.presenceGrace ?? 10_000,
    buffer: options.buffer ?? 2 ** 20,
    codecs: options.codecs ?? [json(), msgpack()],
    logger: createServerLog(options.logger ?? consoleLogger, ports),
    node: options.node ?? ports.randomId(8),
    helloTimeout,
  };
}
