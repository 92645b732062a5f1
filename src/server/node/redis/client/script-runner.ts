// Calls to Redis. Each is answered in time or fails, and fails at once while Redis is away.
import { createHash } from 'node:crypto';
import { BrokerUnavailable } from '../../../broker/broker.js';
import type { ServerPorts } from '../../../ports/ports.js';
import type { RedisConnection } from './port.js';

/** How long Redis may take to answer, in ms. */
const answerTimeoutMs = 5_000;
/** The calls that Redis has not answered, at most, and their bytes. Beyond that, Redis counts as away. */
const maxPendingCalls = 20_000;
const maxPendingBytes = 2 ** 26;
/** After Redis did not answer in time, one call in this time tries it again, in ms. */
const probeEveryMs = 1_000;

export type RunScript = (
  script: string,
  keys: readonly string[],
  args: readonly (string | number)[],
) => Promise<unknown>;

/** Runs a script of a room, after the calls for the room that were made before. */
export type RunInRoom = (
  room: string,
  script: string,
  keys: readonly string[],
  args: readonly (string | number)[],
) => Promise<unknown>;

export interface ScriptRunner {
  readonly script: RunScript;
  /** Asks Redis anything else. `bytes`: the size of the question. */
  readonly askRedis: <T>(call: () => Promise<T>, bytes: number) => Promise<T>;
  /**
   * Loads scripts into Redis. Otherwise the first call of a script would be overtaken: Redis does not know
   * it, and it is sent again.
   */
  loadScripts(scripts: readonly string[]): void;
  /** The calls that wait will not be answered. */
  connectionLost(): void;
  /** Whether Redis is there, and answered its last call in time. */
  isHealthy(): boolean;
  /** Runs a single command. */
  command(...args: readonly string[]): Promise<unknown>;
}

const isUnknownScript = (error: unknown): boolean =>
  error instanceof Error && error.message.startsWith('NOSCRIPT');

/** A call that Redis has not answered. */
interface PendingCall {
  readonly bytes: number;
  giveUp(): void;
}

/** Makes a runner on a clock and timers of the caller's. */
export function createScriptRunner(
  redis: RedisConnection,
  ports: Pick<ServerPorts, 'monotonicNow' | 'setTimer'>,
): ScriptRunner {
  const digests = new Map<string, string>();
  /** The calls that wait for Redis. */
  const pendingCalls = new Set<PendingCall>();
  let pendingBytes = 0;
  let isLate = false;
  let probeAt = 0;

  const digestOf = (script: string): string => {
    let digest = digests.get(script);
    if (digest === undefined) digests.set(script, (digest = createHash('sha1').update(script).digest('hex')));
    return digest;
  };

  const forgetCall = (it: PendingCall): void => {
    if (pendingCalls.delete(it)) pendingBytes -= it.bytes;
  };

  /**
   * Rejects with {@link BrokerUnavailable} and nothing else. Whether the call took effect is not known then.
   */
  async function askInTime<T>(call: () => Promise<T>, bytes: number): Promise<T> {
    const now = ports.monotonicNow();
    if (
      !redis.isReady() ||
      pendingCalls.size >= maxPendingCalls ||
      (pendingCalls.size > 0 && pendingBytes + bytes > maxPendingBytes) ||
      (isLate && now < probeAt)
    )
      throw new BrokerUnavailable('Redis is away');
    if (isLate) probeAt = now + probeEveryMs;
    let cancel = (): void => undefined;
    try {
      const asked = call();
      return await new Promise<T>((resolve, reject) => {
        const away = (reason: string): void => {
          reject(new BrokerUnavailable(reason));
        };
        const it: PendingCall = {
          bytes,
          giveUp: () => {
            away('the connection to Redis broke');
          },
        };
        pendingCalls.add(it);
        pendingBytes += bytes;
        cancel = ports.setTimer(answerTimeoutMs, () => {
          isLate = true;
          away('Redis did not answer in time');
        });
        // The client library holds the call until it is answered or its connection ends. It counts for that
        // long, even if its caller waits no longer.
        asked.then(
          (answer) => {
            isLate = false;
            forgetCall(it);
            resolve(answer);
          },
          (error: unknown) => {
            forgetCall(it);
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

  const bytesOf = (texts: readonly string[]): number => texts.reduce((sum, { length }) => sum + length, 0);

  return {
    script(script, keys, args) {
      const rest = [String(keys.length), ...keys, ...args.map(String)];
      return askInTime(async () => {
        try {
          return await redis.command(['EVALSHA', digestOf(script), ...rest]);
        } catch (error) {
          // Redis was restarted: it learns the script by this call.
          if (!isUnknownScript(error)) throw error;
          return redis.command(['EVAL', script, ...rest]);
        }
      }, bytesOf(rest));
    },
    askRedis: askInTime,
    connectionLost() {
      for (const it of pendingCalls) {
        forgetCall(it);
        it.giveUp();
      }
    },
    isHealthy: () => redis.isReady() && !isLate,
    loadScripts(scripts) {
      // A script that could not be loaded is sent whole when it is needed.
      for (const script of scripts) redis.load(script).catch(() => undefined);
    },
    command: (...args) => askInTime(() => redis.command(args), bytesOf(args)),
  };
}
