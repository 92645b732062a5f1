// The page of these tests: a client as an app has it, what it heard, and how long its main thread was held up. What it is told stands in its address.
import { createClient } from '../../../src/client/index.js';
import { indexedDBStorage } from '../../../src/client/storage/index.js';
import { line, type Said } from './line.js';

/** How the main thread fared, in ms. */
export interface Strain {
  /** The longest task that the browser reports: none below 50 ms. */
  readonly task: number;
  /** The longest that a timer of 5 ms was late. */
  readonly lag: number;
  /** The longest times without a turn of that timer, by the page's clock. */
  readonly gaps: readonly (readonly [from: number, to: number])[];
}

export interface App {
  /** Whether this page came out of the back-forward cache. */
  persisted: boolean;
  /** When the outbox was given back by storage, and by when all of it was shown, by the page's clock. */
  restoredAt: number;
  shownAt: number;
  connectedAt: number;
  /** When nothing waited in the outbox any more. */
  emptiedAt: number;
  readonly heard: Said[];
  /** Why connections ended. */
  readonly codes: number[];
  readonly resets: string[];
  readonly storage: string[];
  say(from: number, to: number): void;
  /** Says these without a connection, a few a task. Resolves once all are queued, and their records in storage where there is one. */
  queue(from: number, to: number): Promise<void>;
  /** Own messages that wait or failed, as the app sees them. */
  waiting(): number;
  status(): string;
  /** What it is connected by. */
  transport(): string;
  /** The room's. */
  joined(): string;
  continuity(): string;
  /** Messages in storage. */
  records(): Promise<number>;
  /** Since it was asked before. */
  strain(): Strain;
}

declare global {
  /** What the page shares with the test. */
  var app: App;
  /** Where the realtime server is, as the page that was served says. */
  var where: string;
}

/** A turn of the event loop. */
const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve);
  });

function watchStrain(): () => Strain {
  const every = 5;
  let last = performance.now();
  let gaps: (readonly [number, number])[] = [];
  let task = 0;
  const heard = (entries: readonly PerformanceEntry[]): void => {
    for (const { duration } of entries) task = Math.max(task, duration);
  };
  const tasks = new PerformanceObserver((list) => {
    heard(list.getEntries());
  });
  tasks.observe({ type: 'longtask', buffered: true });
  const tick = (): void => {
    const now = performance.now();
    gaps.push([last, now]);
    if (gaps.length > 1_000) gaps = longest(gaps);
    last = now;
  };
  const longest = (all: typeof gaps): typeof gaps =>
    all.toSorted(([a, b], [c, d]) => d - c - (b - a)).slice(0, 3);
  setInterval(tick, every);
  return () => {
    tick();
    heard(tasks.takeRecords());
    const strain = {
      task,
      gaps: longest(gaps),
      lag: Math.max(0, ...gaps.map(([from, to]) => to - from - every)),
    };
    task = 0;
    gaps = [];
    return strain;
  };
}

const strain = watchStrain();
const told = new URLSearchParams(location.search);
const by = told.get('by') ?? '';
const stored = told.has('stored');
const client = createClient({
  url: where,
  token: told.get('user') ?? 'ada',
  backoff: { initial: 20, max: 100 },
  // One server, which tests reach by way of proxies too.
  outbox: stored ? { storage: indexedDBStorage({ server: 'test' }) } : {},
  logger: {
    warn: () => undefined,
    error: (message, details) => {
      console.error(message, details);
    },
  },
});
const room = client.room(line);

globalThis.app = {
  persisted: false,
  restoredAt: 0,
  shownAt: 0,
  connectedAt: 0,
  emptiedAt: 0,
  heard: [],
  codes: [],
  resets: [],
  storage: [],
  say(from, to) {
    for (let number = from; number < to; number++) void room.send('say', { by, number });
  },
  async queue(from, to) {
    const before = stored ? await app.records() : 0;
    for (let number = from; number < to; number += 200) {
      app.say(number, Math.min(to, number + 200));
      await turn();
    }
    while (stored && (await app.records()) < before + to - from) await turn();
    while (app.waiting() < to - from) await turn();
  },
  waiting() {
    const { pending, failed } = client.store.getState().outbox;
    return pending.length + failed.length;
  },
  status: () => client.store.getState().connection.status,
  transport() {
    const { connection } = client.store.getState();
    return connection.status === 'connected' ? connection.transport : connection.status;
  },
  joined: () => room.status,
  continuity: () => room.continuity,
  records: () =>
    new Promise((resolve, reject) => {
      const opening = indexedDB.open('roomful');
      opening.onerror = () => {
        reject(opening.error ?? new Error('no database'));
      };
      // Nothing is there yet, and it is not for us to make it.
      opening.onupgradeneeded = () => opening.transaction?.abort();
      opening.onsuccess = () => {
        const counting = opening.result.transaction('messages').objectStore('messages').count();
        counting.onsuccess = () => {
          resolve(counting.result);
        };
        opening.result.close();
      };
    }),
  strain,
};

room.on('say', ({ data }) => {
  app.heard.push(data);
});
client.on('reset', ({ why }) => {
  app.resets.push(why);
});
client.on('connection', (state) => {
  if (state.status === 'connected') app.connectedAt = performance.now();
  if ('reason' in state && state.reason.code !== app.codes.at(-1)) app.codes.push(state.reason.code);
});
client.on('storage', (event) => {
  app.storage.push(event.type === 'failed' ? `failed: ${String(event.error)}` : event.type);
  if (event.type === 'restored') app.restoredAt = performance.now();
});
client.store.subscribe(({ outbox: { pending } }, { outbox: before }) => {
  if (pending.length > before.pending.length && !app.shownAt) app.shownAt = performance.now();
  if (pending.length === 0 && before.pending.length > 0) app.emptiedAt = performance.now();
});
window.addEventListener('pageshow', ({ persisted }) => {
  app.persisted = persisted;
});
client.connect();
