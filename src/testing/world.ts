// A world for tests and stories: the server core, clients, and a network in memory between them.
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
  /** The rooms of the server, made with `serve`. */
  readonly rooms: readonly ServedRoom[];
  /**
   * The seed of ids, jitter and delays: a run with the same seed is the same.
   *
   * @default 1
   */
  readonly seed?: number;
  /**
   * With `'virtual'`, time moves only by `advance`.
   *
   * @default 'real'
   */
  readonly clock?: 'real' | 'virtual';
  /** More options of the server. By default it authenticates the users that this world made. */
  readonly server?: Omit<Partial<ServerOptions>, 'rooms' | 'broker'>;
}

export interface TestUser {
  readonly client: Client;
  /** A provider with this client, for `render` and `renderHook`. */
  readonly wrapper: (props: { readonly children?: ReactNode }) => ReactElement;
  /** The network between this user and the server. */
  readonly network: Network;
  /** Gives the client a signal of the browser, such as `'offline'`. */
  readonly signal: (signal: Signal) => void;
  /**
   * Ends the page as a reload or a crash does, and opens it again. Messages in a `storage` of the outbox are still
   * there.
   */
  readonly reload: () => TestUser;
}

export interface TestUserOptions extends Partial<Omit<ClientOptions, 'url' | 'flush' | 'WebSocket'>> {
  /**
   * False does not connect the client.
   *
   * @default true
   */
  readonly connect?: boolean;
}

export interface TestRealtime {
  /** Makes a client for a user. Two calls with the same id make two tabs of one user. */
  user(user: User, options?: TestUserOptions): TestUser;
  /** Causes faults for all users. */
  readonly network: NetworkControls;
  /** The server: it can send messages in rooms, and knows their members. */
  readonly server: ServerCore;
  /**
   * Ends the server and starts another one, without the logs of the first one. With `keepLog: true` it has them, as a
   * server with Redis does.
   */
  restartServer(options?: { readonly keepLog?: boolean }): Promise<void>;
  /** Ends the server until `restartServer`. */
  stopServer(): Promise<void>;
  /** Moves the virtual clock on by `ms`, or waits with the real clock. */
  advance(ms: number): Promise<void>;
  readonly clock: TestClock;
  /** Closes all clients and the server. */
  close(): Promise<void>;
}

/**
 * Makes a server and any number of users in memory, without sockets. With a virtual clock a test never waits.
 *
 * @example
 * const world = createTestRealtime({ rooms: [serve(chat)], clock: 'virtual' });
 * const { client } = world.user({ id: 'ada' });
 * await world.advance(100);
 * await world.close();
 */
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

  const forAll = (act: (network: Network) => void): void => {
    for (const { network } of testUsers) act(network);
  };
  const faults: ((network: Network) => void)[] = [];
  /** Causes a fault for all users, also for those that are made later. */
  const addFault = (act: (network: Network) => void): void => {
    faults.push(act);
    forAll(act);
  };

  const user: TestRealtime['user'] = (account, options) => {
    users.set(account.id, account);
    const network = createNetwork(clock, random, () => core);
    for (const act of faults) act(network);
    return open(account, network, options);
  };

  const open = (
    account: User,
    network: Network,
    { connect = true, ...options }: TestUserOptions = {},
  ): TestUser => {
    const listeners = new Set<(signal: Signal) => void>();
    const page = createPage(clock, network, options.outbox?.storage);
    const client = createClientWith(
      {
        url: 'ws://memory',
        token: account.id,
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
    const testUser: TestUser = {
      client,
      network,
      wrapper: ({ children }) => createElement(RealtimeProvider, { client }, children),
      signal(signal) {
        for (const listener of listeners) listener(signal);
      },
      reload() {
        page.end();
        testUsers.splice(testUsers.indexOf(testUser), 1);
        return open(account, network, options);
      },
    };
    testUsers.push(testUser);
    if (connect) client.connect();
    return testUser;
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
        addFault((network) => {
          network.latency(ms, options);
        });
      },
      cut: () => {
        addFault((network) => {
          network.cut();
        });
      },
      stall: (direction) => {
        addFault((network) => {
          network.stall(direction);
        });
      },
      drop: () => {
        forAll((network) => {
          network.drop();
        });
      },
      restore: () => {
        addFault((network) => {
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
