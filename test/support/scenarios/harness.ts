// What a scenario needs of the world, whether it is in memory or made of real sockets.
import type { Client, ClientOptions, Codec } from '../../../src/client/index.js';
import type { ServedRoom } from '../../../src/server/rooms/serve.js';

export interface HarnessUser {
  readonly client: Client;
  /** Breaks the connection and lets no new one through. */
  cut(): void;
  restore(): void;
  /** Breaks the connection once. */
  drop(): void;
}

export interface Harness {
  user(id: string, options?: Partial<ClientOptions>): HarnessUser;
  /** Ends the server and starts another on the same broker, or on a fresh one. */
  restart(keepLog: boolean): Promise<void>;
  members(room: string): Promise<readonly string[]>;
  close(): Promise<void>;
}

export type MakeHarness = (rooms: readonly ServedRoom[], codec: () => Codec) => Promise<Harness>;

/** Fast enough for a test, slow enough to be real. */
export const quick: Partial<ClientOptions> = {
  backoff: { initial: 10, max: 100 },
  flush: 'microtask',
  logger: { warn: () => undefined, error: () => undefined },
};
