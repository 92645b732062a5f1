// Scripts, called: in time or not at all, and not when Redis is away.
import { createHash } from 'node:crypto';
import { BrokerUnavailable } from '../../../broker/broker.js';
import type { ServerPorts } from '../../../ports/ports.js';
import type { Redis } from './port.js';

/** How long Redis may take to answer, in ms. */
const patience = 5_000;
/** Calls that may be on their way, and their bytes: beyond them, Redis is as good as away. */
const most = 20_000;
const mostBytes = 2 ** 26;
/** From one call to the next to a Redis that did not answer, in ms: does it by now? */
const probeEvery = 1_000;

export type Call = (
  script: string,
  keys: readonly string[],
  args: readonly (string | number)[],
) => Promise<unknown>;

export interface Calls {
  readonly script: Call;
  /** Anything else that Redis is asked. */
  readonly within: <T>(call: () => Promise<T>, bytes: number) => Promise<T>;
  /** Redis learns these scripts before it is asked to run one: of two calls, the one whose script it does not know would be overtaken. */
  load(scripts: readonly string[]): void;
  /** What is on its way is answered no more. */
  lost(): void;
  /** Whether Redis is there, and answered what it was asked last. */
  healthy(): boolean;
  /** A command by itself. */
  command(...args: readonly string[]): Promise<unknown>;
}

const isUnknown = (error: unknown): boolean => error instanceof Error && error.message.startsWith('NOSCRIPT');

/** A call that Redis has not answered. */
interface OnItsWay {
  readonly bytes: number;
  giveUp(): void;
}

/** @param ports the clock and the timers by which Redis is late. */
export function createCalls(redis: () => Redis, ports: Pick<ServerPorts, 'steady' | 'after'>): Calls {
  const digests = new Map<string, string>();
  /** What is on its way, and what gives up each. */
  const onTheirWay = new Set<OnItsWay>();
  let pendingBytes = 0;
  let late = false;
  let probeAt = 0;

  const digestOf = (script: string): string => {
    let digest = digests.get(script);
    if (digest === undefined) digests.set(script, (digest = createHash('sha1').update(script).digest('hex')));
    return digest;
  };

  const over = (it: OnItsWay): void => {
    if (onTheirWay.delete(it)) pendingBytes -= it.bytes;
  };

  /** Rejects with {@link BrokerUnavailable} and nothing else: whether it took effect is not known then. */
  async function inTime<T>(call: () => Promise<T>, bytes: number): Promise<T> {
    const now = ports.steady();
    if (
      !redis().ready() ||
      onTheirWay.size >= most ||
      (onTheirWay.size > 0 && pendingBytes + bytes > mostBytes) ||
      (late && now < probeAt)
    )
      throw new BrokerUnavailable('Redis is away');
    if (late) probeAt = now + probeEvery;
    let cancel = (): void => undefined;
    try {
      const asked = call();
      return await new Promise<T>((resolve, reject) => {
        const away = (reason: string): void => {
          reject(new BrokerUnavailable(reason));
        };
        const it: OnItsWay = {
          bytes,
          giveUp: () => {
            away('the connection to Redis broke');
          },
        };
        onTheirWay.add(it);
        pendingBytes += bytes;
        cancel = ports.after(patience, () => {
          late = true;
          away('Redis did not answer in time');
        });
        // The client library holds it until it is answered, or its connection ends: so long it counts,
        // whoever still waits for it.
        asked.then(
          (answer) => {
            late = false;
            over(it);
            resolve(answer);
          },
          (error: unknown) => {
            over(it);
            reject(error as Error);
          },
        );
      });
    } catch (error) {
      throw error instanceof BrokerUnavailable
        ? error
        : new BrokerUnavailable('Redis failed', { cause: error });
    } finally {
      cancel();
    }
  }

  const weightOf = (texts: readonly string[]): number => texts.reduce((sum, { length }) => sum + length, 0);

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
      }, weightOf(rest));
    },
    within: inTime,
    lost() {
      for (const it of onTheirWay) {
        over(it);
        it.giveUp();
      }
    },
    healthy: () => redis().ready() && !late,
    load(scripts) {
      // One that fails is sent whole when it is needed.
      for (const script of scripts)
        redis()
          .load(script)
          .catch(() => undefined);
    },
    command: (...args) => inTime(() => redis().command(args), weightOf(args)),
  };
}
