// What a client can be told, with its defaults.
import type { Codec } from '../protocol/codec.js';
import type { Logger } from './edge/logger.js';
import type { Config } from './machine/model/context.js';
import type { OutboxStorage } from './storage/port.js';

type MaybePromise<T> = T | Promise<T>;

export interface ClientOptions {
  /**
   * The server's address, `wss://…`; a function is asked again at each attempt. One that throws is asked again after a
   * backoff. An address that can never work, such as `undefined`, closes the client: an `error` says so, and the state
   * `closed` says why. `connect()` tries again.
   */
  readonly url: string | (() => MaybePromise<string>);
  /**
   * Who is there. A function is asked at each attempt and before the token expires; null: nobody in particular. Sent in the first frame, never in the URL. One that throws, or does not
   * answer within `connectTimeout`, is asked again: at an attempt after a backoff, while connected some seconds later. While connected null is "none yet", and treated alike: who signs
   * out calls `reconnect()` or `close()`. Once the token has ended, nothing is sent under it: the client connects anew, and the server judges what the function says then. Two refusals
   * in a row are the state `needs-auth`, which keeps what waits until `connect()`.
   */
  readonly token?: string | (() => MaybePromise<string | null>) | undefined;
  /** What the client speaks, in order of preference. Default `[json()]`. */
  readonly codecs?: readonly Codec[] | undefined;
  /** Delays between attempts: a random part of `min(max, initial · factorⁿ)` ms, of 4,000 at most in the first ten. Default `{ initial: 500, max: 30_000, factor: 2, attempts: Infinity }`. */
  readonly backoff?: Partial<Config['backoff']> | undefined;
  /** Proof of life, in ms: a ping every `interval`, and the link is given up after `interval + timeout` without an answer of the server, whatever others say meanwhile. Default `{ interval: 25_000, timeout: 10_000 }`; the server's wish counts where it is tighter. */
  readonly heartbeat?: Partial<Config['heartbeat']> | undefined;
  /**
   * Own messages until they are acknowledged. Default `{ limit: 10_000, bytes: 5 MiB, window: 256, ttl: none,
   * maxAge: 72_000_000, overflow: 'reject' }`: how many, how much, how many
   * unacknowledged in flight for each room, for how many ms one may wait to leave, for how many ms (20 hours)
   * one may wait in a `storage`, or for the answer once it left, and who gives way
   * when it is full. A server remembers the messages of a session for a day: one that waited longer than
   * `maxAge` has failed with `expired`, and `retry` sends it as a new one. With a `storage`, such as
   * `indexedDBStorage()` of `roomful/storage`, they outlive the page. Default: they live as long as the client. `user`: the id of who is there, null for nobody in particular, as the
   * server will say it; where users share a browser, what one writes before there is a connection is then kept for them. Default: not known before the first welcome.
   */
  readonly outbox?:
    | (Partial<Config['outbox']> & {
        readonly storage?: OutboxStorage | undefined;
        readonly user?: (() => string | null) | undefined;
      })
    | undefined;
  /** When the store is updated. Default `'frame'`: once an animation frame, on a microtask where there are none. */
  readonly flush?: 'microtask' | 'frame' | undefined;
  /** How long an attempt may take until it is welcome, url and token included, and a token function while connected, in ms. Default 10 000. */
  readonly connectTimeout?: number | undefined;
  /**
   * Whether to go on over HTTP, a streamed response down and requests up, where WebSocket cannot be had: where it fails twice before it ever worked for this client. Once connected, and every ten minutes that it connects again, it looks whether WebSocket opens by now, and moves there. Its code
   * is fetched when it is needed. Default true.
   */
  readonly fallback?: boolean | undefined;
  /** The WebSocket constructor, where there is no global one. */
  readonly WebSocket?: unknown;
  /** Where warnings go. Default `console`. */
  readonly logger?: Logger | undefined;
}

/** Defaults filled in, and checked. Throws a `TypeError` that names the option. */
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
    // Asked each time: a provider may learn of a token later.
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
