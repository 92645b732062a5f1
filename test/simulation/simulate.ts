// One seed's world: users in rooms, faults drawn from the dice, a quiet end, and the history of all of it.
import { serve, type ServedRoom } from '../../src/server/rooms/serve.js';
import { createServerCore, type ServerCore } from '../../src/server/server.js';
import type { Broker } from '../../src/server/broker/broker.js';
import { memoryDisk } from '../../src/client/storage/memory.js';
import { virtualClock } from '../../src/testing/clock.js';
import { createNetwork, type Network } from '../../src/testing/network.js';
import { idsFrom, seededRandom, testDigest } from '../../src/testing/random.js';
import type { History, Said, Sent } from './history.js';
import { journaledBroker } from './journal.js';
import { line, openPage, type SimulatedPage } from './page.js';

export interface SimulationOptions {
  /** Stands between the server and its broker: where a bug is planted. */
  readonly plant?: (
    broker: Broker,
    world: { readonly after: (delay: number, call: () => void) => void; readonly random: () => number },
  ) => Broker;
  /** Hears what is done, in order. */
  readonly tell?: (what: string) => void;
  readonly steps?: number;
}

interface User {
  readonly id: string;
  readonly tabs: number;
}

const users: readonly User[] = [
  { id: 'ada', tabs: 2 },
  { id: 'bob', tabs: 1 },
  { id: 'cleo', tabs: 1 },
];
const roomIds = ['1', '2'];

/** A tab of a user: pages come and go in it. */
interface Tab {
  readonly user: User;
  readonly index: number;
  page: SimulatedPage;
  network: Network;
  said: number;
}

export async function simulate(
  seed: number,
  { plant = (broker) => broker, tell = () => undefined, steps = 90 }: SimulationOptions = {},
): Promise<History> {
  const random = seededRandom(seed);
  const randomId = idsFrom(seededRandom(seed ^ 0x5eed));
  const chance = (share: number): boolean => random() < share;
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const clock = virtualClock();
  const start = clock.now();
  const errors: string[] = [];
  const say = (what: string): void => {
    tell(`${String(Math.round(clock.now() - start)).padStart(7)} ${what}`);
  };

  // Each world has some of the faults, so that none hides another.
  const faults = (
    [
      'drop',
      'cut',
      'stall',
      'latency',
      'reconnect',
      'restart',
      'signal',
      'reload',
      'close',
      'jump',
      'token',
      'kick',
    ] as const
  ).filter(() => chance(0.6));
  const logLoss = chance(0.25);
  const small = chance(0.15);
  const slowHandlers = chance(0.5);
  const slowAuthorize = chance(0.3);
  const durable = chance(0.6);
  const shortTokens = faults.includes('token');
  const frame = chance(0.4) ? 16 : 0;
  const late = chance(0.5) ? 45_000 : 0;
  const messagePack = chance(0.3);
  // Readers that fall behind at the first latency.
  const narrow = chance(0.2);
  let serverSkew = 0;
  let quiet = false;

  const journal = journaledBroker(() => clock.now(), randomId);
  const disks = new Map(users.map(({ id }) => [id, durable ? memoryDisk() : null]));
  const handled = new Map<string, number>();
  const handledAgain: (Said & { times: number })[] = [];
  let life = 0;
  const wait = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      clock.after(ms, resolve);
    });
  /** The room as one life of the server has it. */
  const served = (inLife: number): ServedRoom =>
    serve(line, {
      history: { limit: small ? 20 : 100_000 },
      authorize: slowAuthorize
        ? async () => {
            await wait(random() * 40);
            return true;
          }
        : () => true,
      on: {
        say({ id, data }, { reject }) {
          const key = `${inLife} ${id}`;
          const times = (handled.get(key) ?? 0) + 1;
          handled.set(key, times);
          if (times > 1) handledAgain.push({ by: data.by, n: data.n, times });
          const end = (): void => {
            if (data.refuse) reject('not this one');
          };
          // Now and then longer than anybody waits.
          return slowHandlers ? wait(!quiet && random() < 0.005 ? 11_000 : random() * 80).then(end) : end();
        },
      },
    });
  let broker = plant(journal.broker, { after: clock.after, random });
  let core: ServerCore | null = null;
  let kill = (): void => undefined;
  const boot = (): void => {
    life++;
    // What a dead server had in hand is done by nobody.
    const its = { alive: true };
    const never = new Promise<never>(() => undefined);
    const planted = plant(journal.broker, { after: clock.after, random });
    broker = {
      ...planted,
      append: (append) => (its.alive ? planted.append(append) : never),
      refuse: (...args) => (its.alive ? planted.refuse(...args) : never),
    };
    kill = () => {
      its.alive = false;
    };
    core = createServerCore(
      {
        rooms: [served(life)],
        broker,
        node: 'simulated',
        heartbeat: { interval: 2_000, timeout: 2_500 },
        presenceGrace: 1_000,
        ...(narrow && { buffer: 3_000 }),
        authenticate: ({ token }) => {
          const [id = '', expires = ''] = (token ?? '').split(' ');
          return users.some((user) => user.id === id)
            ? { id, ...(shortTokens && { expiresAt: Number(expires) }) }
            : null;
        },
        logger: {
          info: () => undefined,
          warn: () => undefined,
          error: (details, message) => {
            if (!message.startsWith('authorize'))
              errors.push(`server: ${message} ${JSON.stringify(details)}`);
          },
        },
      },
      {
        now: () => clock.now() + serverSkew,
        monotonicNow: clock.now,
        setTimer: clock.after,
        atEndOfTurn: clock.soon,
        random,
        randomId,
        digest: testDigest,
      },
    );
  };
  boot();

  const sent: Sent[] = [];
  const pages: SimulatedPage[] = [];
  const networks = new Set<Network>();
  const token = (user: User) => async (): Promise<string> => {
    if (shortTokens && !quiet && chance(0.1)) {
      if (chance(0.3)) await wait(20_000);
      throw new Error('the token service is away');
    }
    // Some are old before they arrive.
    return `${user.id} ${clock.now() + serverSkew + (quiet ? 3_600_000 : chance(0.1) ? -1 : 4_000 + random() * 8_000)}`;
  };
  const open = (user: User, index: number, network: Network): SimulatedPage => {
    const name = `${user.id}/${index}/${pages.length}`;
    // Tabs of one user may take each other's session when they reload: there, a page is a sender of its own.
    const by = durable && user.tabs === 1 ? user.id : name;
    const page = openPage(name, by, roomIds, {
      clock,
      random,
      randomId,
      network,
      disk: disks.get(user.id) ?? null,
      token: token(user),
      messagePack,
      frame,
      late,
      note: (what) => errors.push(what),
      wild: () => !quiet,
    });
    pages.push(page);
    return page;
  };
  const connectTo = (): Network => {
    const network = createNetwork(clock, random, () => core);
    networks.add(network);
    return network;
  };
  const tabs: Tab[] = users.flatMap((user) =>
    Array.from({ length: user.tabs }, (_, index) => {
      const network = connectTo();
      return { user, index, network, page: open(user, index, network), said: 0 };
    }),
  );
  /** How many a sender said, over all its pages. */
  const counts = new Map<string, number>();
  const speak = (tab: Tab, room: string, refuse: boolean): void => {
    const { by } = tab.page.record;
    const n = (counts.get(by) ?? 0) + 1;
    counts.set(by, n);
    sent.push(tab.page.say(room, { by, n }, refuse));
  };

  const restart = async (): Promise<void> => {
    const dying = core;
    core = null;
    await dying?.close();
    kill();
    if (logLoss && chance(0.5)) {
      if (chance(0.5)) journal.lose();
      else journal.rollBack(1 + Math.floor(random() * 12));
    }
    await clock.advance(random() * 1_500);
    boot();
  };

  const act: Record<(typeof faults)[number], (tab: Tab) => void | Promise<void>> = {
    drop: ({ network }) => {
      network.drop();
    },
    cut: ({ network }) => {
      network.cut();
    },
    stall: ({ network }) => {
      network.stall(pick(['both', 'up', 'down']));
    },
    latency: ({ network }) => {
      network.latency(random() * 300, { jitter: random() * 300 });
    },
    reconnect: ({ page }) => {
      page.client.reconnect();
    },
    restart,
    signal: ({ page }) => {
      page.signal(pick(['online', 'offline', 'visible', 'hidden', 'pagehide', 'pageshow']));
    },
    async reload(tab) {
      await tab.page.kill();
      tab.page = open(tab.user, tab.index, tab.network);
    },
    async close(tab) {
      await tab.page.close();
      // Until what it had to write is written: a client that comes before that takes another session, and order is promised within one.
      await clock.advance(200);
      tab.page = open(tab.user, tab.index, tab.network);
    },
    jump: ({ page }) => {
      const by = pick([-3_600_000, -5_000, 5_000, 3_600_000]);
      if (chance(0.3)) serverSkew += by;
      else page.jump(by);
    },
    token: () => undefined,
    kick: ({ user }) => {
      if (chance(0.3)) core?.disconnect(`nobody ${user.id}`);
    },
  };

  say(
    `faults: ${faults.join(' ') || 'none'}${logLoss ? ', the log can be lost' : ''}${small ? ', a short log' : ''}${slowHandlers ? ', slow handlers' : ''}${durable ? ', outboxes on disk' : ''}${frame ? ', frames' : ''}${late ? ', late closes' : ''}${narrow ? ', little room for slow readers' : ''}`,
  );
  await clock.advance(chance(0.5) ? 300 : 0);
  for (let step = 0; step < steps; step++) {
    const tab = pick(tabs);
    const speaks = chance(0.6);
    if (speaks) {
      const room = `line/${pick(roomIds)}`;
      const burst = chance(0.1) ? 40 : 1 + Math.floor(random() * 4);
      say(`${tab.page.record.name} says ${burst} in ${room}`);
      for (let count = 0; count < burst; count++) speak(tab, room, chance(0.03));
    } else if (faults.length && chance(0.6)) {
      const fault = pick(faults);
      say(`${fault} ${tab.page.record.name}`);
      await act[fault](tab);
    } else tab.network.restore();
    await clock.advance(random() * 250);
  }

  // From here on nothing is wrong any more.
  say('quiet');
  quiet = true;
  if (!core) boot();
  for (const network of networks) {
    network.latency(0);
    network.restore();
  }
  for (const { page } of tabs)
    for (const signal of ['pageshow', 'visible', 'online'] as const) page.signal(signal);
  await clock.advance(30_000);
  // Where tokens were refused for good, the app has a better one now.
  for (const { page } of tabs) page.client.connect();
  await clock.advance(40_000);
  // Whoever closed a page without another may have left something: a page of each user comes and looks.
  if (durable) {
    const sweepers = users.map((user) => open(user, 9, connectTo()));
    await clock.advance(30_000);
    for (const page of sweepers) await page.close();
  }
  const opened = new Map(tabs.map(({ network }) => [network, network.opened]));
  for (const tab of tabs) for (const id of roomIds) speak(tab, `line/${id}`, false);
  await clock.advance(20_000);

  for (const { page, network } of tabs) {
    const { client, record } = page;
    const { connection, rooms, outbox } = client.store.getState();
    record.reconnects = network.opened - (opened.get(network) ?? 0);
    record.unsettled = outbox.pending.length;
    record.status = {
      connection: connection.status,
      rooms: new Map(Object.values(rooms).map(({ id, status }) => [id, status])),
    };
  }
  const alive = pages.filter(({ record }) => record.alive);
  for (const { client } of alive) client.close();
  await clock.advance(60_000);
  const connections = [...networks].reduce((sum, network) => sum + network.connections, 0);
  await (core as ServerCore | null)?.close();
  await clock.advance(1_000);
  return {
    sent,
    pages: pages.map(({ record }) => record),
    logs: journal.lives(),
    handledAgain,
    leaks: {
      timers: clock.pending,
      connections,
      listeners: alive.reduce((sum, page) => sum + page.listeners, 0),
    },
    errors,
  };
}
