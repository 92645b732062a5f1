// The options of a client, with their defaults.
import type { Codec } from '../protocol/codec.js';
import type { Logger } from './edge/logger.js';
import type { Config } from './machine/model/context.js';
import type { OutboxStorage } from './storage/port.js';

type MaybePromise<T> = T | Promise<T>;

/** The options of {@link createClient} and of `<RealtimeProvider>`. */
export interface ClientOptions {
  /**
   * The address of the server, such as `wss://example.com/realtime`, or a function that returns it. The client calls
   * the function at each attempt. If it throws, the client tries again after a backoff. An address that can never
   * work, such as `undefined`, closes the client: it emits `error`, and the state `closed` gives the reason.
   * `connect()` tries again.
   */
  readonly url: string | (() => MaybePromise<string>);
  /**
   * The token that proves the user, or a function that returns it. It travels in the first frame, never in the URL.
   *
   * - *When the function is called*: at each attempt, and before the token expires.
   * - *What null means*: at an attempt, the user is anonymous. While the client is connected, it has no new token
   *   yet, and asks again some seconds later.
   * - *What happens when it throws*, or does not answer within `connectTimeout`: the client asks again, at an attempt
   *   after a backoff, and while it is connected some seconds later.
   * - *What happens when the token expires*: the client sends nothing more under it. It connects anew, with what the
   *   function returns then.
   * - *What happens when the server refuses the token*: the client asks for another one. After two refusals in a row
   *   its state is `needs-auth`, and messages wait in the outbox until `connect()`.
   * - *How to sign out*: return null from then on, and call `reconnect()` or `close()`.
   *
   * @default an anonymous user
   */
  readonly token?: string | (() => MaybePromise<string | null>) | undefined;
  /**
   * The codecs that the client offers, in order of preference.
   *
   * @default [json()]
   */
  readonly codecs?: readonly Codec[] | undefined;
  /**
   * Delays between attempts, in ms. Before attempt `n` the client waits for a random part of `initial * factor ** n`,
   * at most `max`. During the first ten attempts it waits for at most 4,000 ms. After `attempts` failures in a row it
   * closes.
   *
   * @default { initial: 500, max: 30_000, factor: 2, attempts: Infinity }
   */
  readonly backoff?: Partial<Config['backoff']> | undefined;
  /**
   * Heartbeat, in ms. The client sends a ping every `interval`. Without an answer of the server within
   * `interval + timeout` it gives the connection up. If the server asks for shorter times, those count.
   *
   * @default { interval: 25_000, timeout: 10_000 }
   */
  readonly heartbeat?: Partial<Config['heartbeat']> | undefined;
  /**
   * The outbox: your own messages until the server has answered them.
   *
   * - `limit`: the number of messages that it holds. Default 10,000.
   * - `bytes`: the bytes that it holds. Default 5 MiB.
   * - `overflow`: what happens when it is full. `'reject'` rejects the new message with `overflow`, and
   *   `'drop-oldest'` gives up the oldest one that was not sent. Default `'reject'`.
   * - `window`: the number of messages in flight in each room. Default 256.
   * - `ttl`: how long a message may wait to be sent, in ms. Then it fails with `expired`. Default null: as long as it
   *   takes.
   * - `maxAge`: how long a message may wait in a `storage`, or for its answer after it was sent, in ms. Then it fails
   *   with `expired`, and `retry` sends it as a new one. A server remembers the messages of a session for a day, so
   *   this is less. Default 72,000,000 (20 hours).
   * - `storage`: where messages outlive the page, such as `indexedDBStorage()` of `roomful/storage`. Default:
   *   messages live as long as the client.
   * - `user`: a function that returns the id of the user as the server will name it, or null for an anonymous one.
   *   Use it where users share a browser: messages that a user sends before there is a connection are then kept for
   *   that user. Default: the client does not know the user before the first `welcome`.
   */
  readonly outbox?:
    | (Partial<Config['outbox']> & {
        readonly storage?: OutboxStorage | undefined;
        readonly user?: (() => string | null) | undefined;
      })
    | undefined;
  /**
   * When the client updates its store. `'frame'` is once in an animation frame, and on a microtask where there are no
   * frames.
   *
   * @default 'frame'
   */
  readonly flush?: 'microtask' | 'frame' | undefined;
  /**
   * How long an attempt may take until the server's `welcome`, in ms, with the functions `url` and `token`. A `token`
   * function may take as long while the client is connected.
   *
   * @default 10_000
   */
  readonly connectTimeout?: number | undefined;
  /**
   * True lets the client go on over HTTP where WebSocket is blocked, with a streamed response and requests. It does
   * so after WebSocket has failed twice and never worked. Once connected, it tests whether WebSocket opens, and moves
   * there. It tests again at a new connection, at most every ten minutes. The code for HTTP is loaded when it is
   * needed.
   *
   * @default true
   */
  readonly fallback?: boolean | undefined;
  /**
   * The constructor of WebSocket, such as that of `ws`.
   *
   * @default the global WebSocket
   */
  readonly WebSocket?: unknown;
  /**
   * Where the client writes warnings and errors.
   *
   * @default console
   */
  readonly logger?: Logger | undefined;
}

/** Fills in the defaults. Throws a `TypeError` that names an option whose value makes no sense. */
export function configOf(options: ClientOptions): Config {
  const config = {
    backoff: { initial: 500, max: 30_000, factor: 2, attempts: Infinity, ...options.backoff },
    heartbeat: { interval: 25_000, timeout: 10_000, ...options.heartbeat },
    outbox: {
      limit: 10_000,
      bytes: 5 * 2 ** 20,
      window: 256,
      ttl: null,
      maxAge: 72_000_000,
      overflow: 'reject' as const,
      ...options.outbox,
    },
    connectTimeout: options.connectTimeout ?? 10_000,
    // A getter: a provider may get a token later.
    get hasToken() {
      return options.token !== undefined;
    },
  };
  checkMinimums(config.backoff, { initial: 0, max: 0, factor: 1, attempts: 0 }, 'backoff.');
  checkMinimums(config.heartbeat, { interval: 1, timeout: 1 }, 'heartbeat.');
  checkMinimums(config.outbox, { limit: 1, bytes: 1, window: 1, maxAge: 1 }, 'outbox.');
  checkMinimums(config, { connectTimeout: 1 });
  return config;
}

function checkMinimums<K extends string>(
  values: Readonly<Record<NoInfer<K>, number>>,
  minimums: Readonly<Record<K, number>>,
  group = '',
): void {
  for (const name in minimums)
    if (!(values[name] >= minimums[name]))
      throw new TypeError(`${group}${name} must be a number of at least ${minimums[name]}`);
}
