// Scripts, called: in time or not at all, and not when Redis is away.
import { createHash } from 'node:crypto';
import { BrokerUnavailable } from '../../broker.js';
import type { Redis } from './port.js';

/** How long Redis may take to answer, in ms. */
const patience = 5_000;
/** Calls that may be on their way: beyond them, Redis is as good as away. */
const most = 20_000;

export type Call = (script: string, keys: readonly string[], args: readonly (string | number)[]) => Promise<unknown>;

export interface Calls {
  readonly script: Call;
  /** Anything else that Redis is asked. */
  readonly within: <T>(call: () => Promise<T>) => Promise<T>;
  /** Redis learns these scripts before it is asked to run one: of two calls, the one whose script it does not know would be overtaken. */
  load(scripts: readonly string[]): void;
  /** Whether Redis is there, and answered what it was asked last. */
  healthy(): boolean;
  /** A command by itself. */
  command(...args: readonly string[]): Promise<unknown>;
}

const isUnknown = (error: unknown): boolean => error instanceof Error && error.message.startsWith('NOSCRIPT');

export function createCalls(redis: () => Redis): Calls {
  const digests = new Map<string, string>();
  let pending = 0;
  let late = false;

  const digestOf = (script: string): string => {
    let digest = digests.get(script);
    if (digest === undefined) digests.set(script, (digest = createHash('sha1').update(script).digest('hex')));
    return digest;
  };

  /** Rejects with {@link BrokerUnavailable} and nothing else: whether it took effect is not known then. */
  async function inTime<T>(call: () => Promise<T>): Promise<T> {
    if (!redis().ready() || pending >= most) throw new BrokerUnavailable('Redis is away');
    pending++;
    let timer: NodeJS.Timeout | undefined;
    try {
      const answer = await Promise.race([
        call(),
        new Promise<never>((_resolve, reject) => {
          timer = setTimeout(() => {
            late = true;
            reject(new BrokerUnavailable('Redis did not answer in time'));
          }, patience);
        }),
      ]);
      late = false;
      return answer;
    } catch (error) {
      throw error instanceof BrokerUnavailable ? error : new BrokerUnavailable('Redis failed', { cause: error });
    } finally {
      clearTimeout(timer);
      pending--;
    }
  }

  return {
    script(script, keys, args) {
      const rest = [String(keys.length), ...keys, ...args.map(String)];
      return inTime(async () => {
        try {
          return await redis().command(['EVALSHA', digestOf(script), ...rest]);
        } catch (error) {
          // Redis started anew: it learns the script by this.
          if (!isUnknown(error)) throw error;
          return redis().command(['EVAL', script, ...rest]);
        }
      });
    },
    within: inTime,
    healthy: () => redis().ready() && !late,
    load(scripts) {
      // One that fails is sent whole when it is needed.
      for (const script of scripts) redis().load(script).catch(() => undefined);
    },
    command: (...args) => inTime(() => redis().command(args)),
  };
}
