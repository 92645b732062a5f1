// A world for tests and stories: the real server core, real clients, and a network in memory between them.
import { createElement, type ReactElement, type ReactNode } from 'react';
import { attemptsBy } from '../client/attempts.js';
import { createClientWith, type Client } from '../client/client.js';
import { onMicrotask } from '../client/edge/frame.js';
import type { Signal } from '../client/edge/signals.js';
import type { ClientOptions } from '../client/options.js';
import { RealtimeProvider } from '../react/provider.js';
import { memoryBroker } from '../server/broker/memory-broker.js';
import type { ServerOptions } from '../server/options.js';
import type { ServedRoom, User } from '../server/rooms/serve.js';
import { createServerCore, type ServerCore } from '../server/server.js';
import { realClock, virtualClock, type TestClock } from './clock.js';
import { createNetwork, type Network, type NetworkControls } from './network.js';
import { createPage } from './page.js';
import { idsFrom, seededRandom, testDigest } from './random.js';

export interface TestRealtimeOptions {
  readonly rooms: readonly ServedRoom[];
  /** Makes a run repeatable: ids, jitter and delays are drawn from it. Default 1. */
  readonly seed?: number;
  /** `'virtual'`: nothing happens but in `advance`. Default `'real'`. */
  readonly clock?: 'real' | 'virtual';
  /** Further options of the server. By default a user's token is known by the users this world made. */
  readonly server?: Omit<Partial<ServerOptions>, 'rooms' | 'broker'>;
}

export interface TestUser {
  readonly client: Client;
  /** For `render` and `renderHook`. */
  readonly wrapper: (props: { readonly children?: ReactNode }) => ReactElement;
  /** This user's own way to the server. */
  readonly network: Network;
  /** As if the browser said it. */
  readonly signal: (signal: Signal) => void;
  /** Ends the page without a word, as a reload or a crash does, and opens it anew: what the outbox had in a `storage` is still there. */
  readonly reload: () => TestUser;
}

export interface TestUserOptions extends Partial<Omit<ClientOptions, 'url' | 'flush' | 'WebSocket'>> {
  /** Whether to connect at once. Default true. */
  readonly connect?: boolean;
}

export interface TestRealtime {
  /** A user with a client of its own; called twice with one id, two tabs of one user. */
  user(user: User, options?: TestUserOptions): TestUser;
  /** Faults for everybody. */
  readonly network: NetworkControls;
  /** The server, to speak in rooms or to ask who is there. */
  readonly server: ServerCore;
  /** Ends the server and starts another. It has forgotten the log, as the default server has, unless `keepLog` says that it is kept elsewhere, as in Redis. Default false. */
  restartServer(options?: { readonly keepLog?: boolean }): Promise<void>;
  /** Ends the server until `restartServer`. */
  stopServer(): Promise<void>;
  /** Moves the virtual clock on; waits with the real one. */
  advance(ms: number): Promise<void>;
  readonly clock: TestClock;
  /** Closes every client and the server. */
  close(): Promise<void>;
}

/** A server and any number of users, in memory: no sockets, no ports, and no waiting under a virtual clock. */
export function createTestRealtime({
  rooms,
  seed = 1,
  clock: kind = 'real',
  server: serverOptions = {},
}: TestRealtimeOptions): TestRealtime {
  const clock = kind === 'virtual' ? virtualClock() : realClock();
  const random = seededRandom(seed);
  const randomId = idsFrom(random);
  const users = new Map<string, User>();
  const testUsers: TestUser[] = [];
  const newBroker = (): ReturnType<typeof memoryBroker> => memoryBroker({ now: clock.now, randomId });
  let broker = newBroker();
  let core: ServerCore | null = null;

  const start = (): ServerCore =>
    createServerCore(
      {
        authenticate: ({ token }) => (token === null ? null : (users.get(token) ?? null)),
        node: 'test',
        ...serverOptions,
        rooms,
        broker,
      },
      {
        now: clock.now,
        monotonicNow: clock.now,
        setTimer: clock.after,
        atEndOfTurn: clock.soon,
        random,
        randomId,
        digest: testDigest,
        mayExplainFailure: () => true,
      },
    );
  core = start();

  const all = (act: (network: Network) => void): void => {
    for (const { network } of testUsers) act(network);
  };
  const faults: ((network: Network) => void)[] = [];
  const fault = (act: (network: Network) => void): void => {
    faults.push(act);
    all(act);
  };

  const user: TestRealtime['user'] = (who, options) => {
    users.set(who.id, who);
    const network = createNetwork(clock, random, () => core);
    for (const act of faults) act(network);
    return open(who, network, options);
  };

  const open = (
    who: User,
    network: Network,
    { connect = true, ...options }: TestUserOptions = {},
  ): TestUser => {
    const listeners = new Set<(signal: Signal) => void>();
    const page = createPage(clock, network, options.outbox?.storage);
    const client = createClientWith(
      {
        url: 'ws://memory',
        token: who.id,
        ...options,
        ...(options.outbox && { outbox: { ...options.outbox, storage: page.storage } }),
      },
      {
        clock: page.clock,
        attempts: attemptsBy(page.connect),
        signals: (listener) => {
          listeners.add(listener);
          return () => {
            listeners.delete(listener);
          };
        },
        random,
        randomId,
        schedule: onMicrotask,
      },
    );
    const made: TestUser = {
      client,
      network,
      wrapper: ({ children }) => createElement(RealtimeProvider, { client }, children),
      signal(signal) {
        for (const listener of listeners) listener(signal);
      },
      reload() {
        page.end();
        testUsers.splice(testUsers.indexOf(made), 1);
        return open(who, network, options);
      },
    };
    testUsers.push(made);
    if (connect) client.connect();
    return made;
  };

  const stopServer = async (): Promise<void> => {
    const old = core;
    core = null;
    await old?.close();
  };

  return {
    user,
    network: {
      latency: (ms, options) => {
        fault((network) => {
          network.latency(ms, options);
        });
      },
      cut: () => {
        fault((network) => {
          network.cut();
        });
      },
      stall: (direction) => {
        fault((network) => {
          network.stall(direction);
        });
      },
      drop: () => {
        all((network) => {
          network.drop();
        });
      },
      restore: () => {
        fault((network) => {
          network.restore();
        });
      },
    },
    get server() {
      if (!core) throw new Error('the server is stopped');
      return core;
    },
    async restartServer({ keepLog = false } = {}) {
      await stopServer();
      if (!keepLog) broker = newBroker();
      core = start();
    },
    stopServer,
    advance: clock.advance,
    clock,
    async close() {
      for (const { client } of testUsers) client.close();
      await stopServer();
    },
  };
}
