// What a server can be told, with its defaults.
import { json, type Codec } from '../protocol/codec.js';
import { defaultLimits, helloTimeout, type Limits } from '../protocol/limits.js';
import type { ConnectionLimits } from './connection/connection-limits.js';
import { msgpack } from '../protocol/msgpack.js';
import type { Broker } from './broker/broker.js';
import { createServerLog, type ServerLogger } from './observe/log.js';
import { memoryBroker } from './broker/memory-broker.js';
import { isOrigin } from './connection/origins.js';
import type { RequestInfo, ServerPorts } from './ports/ports.js';
import type { MaybePromise } from './util/maybe-promise.js';
import type { ServedRoom, User } from './rooms/serve.js';
import type { Settings } from './settings.js';

export interface ServerOptions {
  /** The rooms there are: the first whose pattern fits an id counts. */
  readonly rooms: readonly ServedRoom[];
  /** Who is there. Null refuses with 4401, and so does a `RealtimeError` `rejected`, whose message is logged; anything else that is thrown closes with 4500, and the client tries again. Default: everybody, as nobody in particular. */
  readonly authenticate?:
    | ((credentials: {
        readonly token: string | null;
        readonly request: RequestInfo;
      }) => MaybePromise<User | null>)
    | undefined;
  /** What other members see of a user: plain data, with its id. Default: all of it but `expiresAt`. Anything else is logged, and closes the connection with 4500. */
  readonly expose?: ((user: User) => User) | undefined;
  /** Keeps rooms. Default: {@link memoryBroker}. */
  readonly broker?: Broker | undefined;
  /** Exact origins that may connect, scheme and port included. Default: the server's own host, and clients that send no Origin (no browser). By default, a server that listens on a loopback address and has no `trustProxy` takes pages only under a loopback name, and outside production (`NODE_ENV`) local pages of every port. */
  readonly origins?: readonly string[] | undefined;
  /** What one connection, and one room, may do: see {@link Limits}. */
  readonly limits?: Partial<Omit<Limits, 'depth' | 'items'>> | undefined;
  /** How many may be open at once: at all (`total`, no limit), that have not said who they are (`strangers`, 1,000), of one user (`perUser`, 100), from one address (`perAddress`, no limit). Beyond them a new one is closed with 1013 or 4429, and tries again later. */
  readonly connections?: Partial<ConnectionLimits> | undefined;
  /** In ms. Default `{ interval: 25_000, timeout: 35_000 }`: a ping every `interval`, a silent connection dropped after `interval + timeout`. */
  readonly heartbeat?: { readonly interval?: number; readonly timeout?: number } | undefined;
  /** How long a member that lost its connection is still shown to others, in ms. Default 10 000. */
  readonly presenceGrace?: number | undefined;
  /**
   * Bytes that may wait for a slow reader. Beyond them nothing more of its rooms is pushed to it: it is told `lag`, and gets the messages from the log as it reads, or `reset` where the log has them no more;
   * broadcasts pass it by, of presence it gets the newest. It is closed with 4008 where it reads nothing for 30 s, or twice as much waits. Default 1 MiB.
   */
  readonly buffer?: number | undefined;
  /** What the server speaks. Default JSON and MessagePack. */
  readonly codecs?: readonly Codec[] | undefined;
  /**
   * One line an event, escaped and cut at 200 characters a text; of one event ten lines a second, the rest is counted. No token, session key or payload is in any of them, nor the message of an exception, which may quote one. Default: warnings and errors, with pino, as JSON on the standard output.
   */
  readonly logger?: ServerLogger | undefined;
  /** The name of this node. Default: random. */
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
  const { expiresAt: _, ...shown } = user;
  return shown as User;
}

/** Defaults filled in, and checked. Throws a `TypeError` that names the option. */
export function settingsOf(options: ServerOptions, ports: ServerPorts): Settings {
  if (!Array.isArray(options.rooms)) throw new TypeError('rooms must be a list of serve(…)');
  const limits = { ...defaultLimits, ...options.limits };
  for (const [name, value] of Object.entries(limits))
    if (!Number.isSafeInteger(value) || value < 1)
      throw new TypeError(`limits.${name} must be a whole number from 1`);
  for (const name of ['depth', 'items'] as const)
    if (limits[name] !== defaultLimits[name])
      throw new TypeError(`limits.${name} is ${defaultLimits[name]}: the protocol says so`);
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
