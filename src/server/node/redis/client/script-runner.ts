// Scripts and commands for Redis.
import { createHash } from 'node:crypto';
import type { ServerPorts } from '../../../ports/ports.js';
import { PendingCalls } from './pending-calls.js';
import type { RedisConnection } from './port.js';

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

const bytesOf = (texts: readonly string[]): number => texts.reduce((sum, { length }) => sum + length, 0);

/** Makes a runner on a clock and timers of the caller's. */
export function createScriptRunner(
  redis: RedisConnection,
  ports: Pick<ServerPorts, 'monotonicNow' | 'setTimer'>,
): ScriptRunner {
  const pendingCalls = new PendingCalls(redis, ports);
  const digests = new Map<string, string>();

  const digestOf = (script: string): string => {
    let digest = digests.get(script);
    if (digest === undefined) digests.set(script, (digest = createHash('sha1').update(script).digest('hex')));
    return digest;
  };

  return {
    script(script, keys, args) {
      const keysAndArgs = [String(keys.length), ...keys, ...args.map(String)];
      return pendingCalls.ask(async () => {
        try {
          return await redis.command(['EVALSHA', digestOf(script), ...keysAndArgs]);
        } catch (error) {
          // Redis was restarted: it learns the script by this call.
          if (!isUnknownScript(error)) throw error;
          return redis.command(['EVAL', script, ...keysAndArgs]);
        }
      }, bytesOf(keysAndArgs));
    },
    askRedis: (call, bytes) => pendingCalls.ask(call, bytes),
    connectionLost() {
      pendingCalls.giveUpAll();
    },
    isHealthy: () => pendingCalls.isHealthy,
    loadScripts(scripts) {
      // A script that could not be loaded is sent whole when it is needed.
      for (const script of scripts) redis.load(script).catch(() => undefined);
    },
    command: (...args) => pendingCalls.ask(() => redis.command(args), bytesOf(args)),
  };
}
