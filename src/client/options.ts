// What a client can be told, with its defaults.
import { json, type Codec } from '../protocol/codec.js';
import type { Config } from './machine/context.js';

type MaybePromise<T> = T | Promise<T>;

export interface Logger {
  debug?(message: string, details?: unknown): void;
  warn(message: string, details?: unknown): void;
  error(message: string, details?: unknown): void;
}

export interface ClientOptions {
  /** The server's address, `wss://…`; a function is asked again at each attempt. */
  readonly url: string | (() => MaybePromise<string>);
  /** Who is there. A function is asked at each attempt and before the token expires; null: nobody in particular. Sent in the first frame, never in the URL. */
  readonly token?: string | (() => MaybePromise<string | null>) | undefined;
  /** What the client speaks, in order of preference. Default `[json()]`. */
  readonly codecs?: readonly Codec[] | undefined;
  /** Delays between attempts: a random part of `min(max, initial · factorⁿ)` ms. Default `{ initial: 500, max: 30_000, factor: 2, attempts: Infinity }`. */
  readonly backoff?: Partial<Config['backoff']> | undefined;
  /** Silence, in ms: a ping every `interval`, the link given up after `interval + timeout`. Default `{ interval: 25_000, timeout: 10_000 }`; the server's wish counts where it is tighter. */
  readonly heartbeat?: Partial<Config['heartbeat']> | undefined;
  /**
   * Own messages until they are acknowledged. Default `{ limit: 10_000, bytes: 5 MiB, window: 256, ttl: none, overflow: 'reject' }`: how many, how much, how many
   * unacknowledged in flight for each room, for how many ms one may wait to leave, and who gives way when it is full.
   */
  readonly outbox?: Partial<Config['outbox']> | undefined;
  /** When the store is updated. Default `'frame'`: once an animation frame, on a microtask where there are none. */
  readonly flush?: 'microtask' | 'frame' | undefined;
  /** How long an attempt may take until it is welcome, url and token included, in ms. Default 10 000. */
  readonly connectTimeout?: number | undefined;
  /** The WebSocket constructor, where there is no global one. */
  readonly WebSocket?: unknown;
  /** Where warnings go. Default `console`. */
  readonly logger?: Logger | undefined;
}

function bound(name: string, value: number, least: number): number {
  if (typeof value !== 'number' || !(value >= least)) throw new TypeError(`${name} must be a number of at least ${least}`);
  return value;
}

/** Defaults filled in, and checked. Throws a `TypeError` that names the option. */
export function configOf(options: ClientOptions): Config {
  const backoff = { initial: 500, max: 30_000, factor: 2, attempts: Infinity, ...options.backoff };
  const heartbeat = { interval: 25_000, timeout: 10_000, ...options.heartbeat };
  const outbox = { limit: 10_000, bytes: 5 * 2 ** 20, window: 256, ttl: null, overflow: 'reject' as const, ...options.outbox };
  for (const [key, least] of [['initial', 0], ['max', 0], ['factor', 1], ['attempts', 0]] as const) bound(`backoff.${key}`, backoff[key], least);
  for (const key of ['interval', 'timeout'] as const) bound(`heartbeat.${key}`, heartbeat[key], 1);
  for (const key of ['limit', 'bytes', 'window'] as const) bound(`outbox.${key}`, outbox[key], 1);
  return { backoff, heartbeat, outbox, connectTimeout: bound('connectTimeout', options.connectTimeout ?? 10_000, 1), hasToken: options.token !== undefined };
}

export const codecsOf = (options: ClientOptions): readonly Codec[] => (options.codecs?.length ? options.codecs : [json()]);
