// Storage that fails, lags, fills up or lies, and pages that come and go while it does.
import { afterEach, expect, test, vi } from 'vitest';
import type { Disk } from '../../../src/client/storage/disk.js';
import type { StorageEvent } from '../../../src/client/storage/port.js';
import { memoryDisk, memoryStorage } from '../../../src/client/storage/memory.js';
import { storageOn } from '../../../src/client/storage/storage-on.js';
import {
  failed,
  line,
  log,
  make,
  outcome,
  pending,
  plain,
  quiet,
  say,
  status,
  user,
  world,
} from '../../support/machine/outbox-world.js';

afterEach(() => world.close());

test('messages that failed do not fill the outbox for ever', async () => {
  make({ on: { say: (_m, { reject }) => reject('no') } });
  const page = user('ada');
  const room = page.client.room(line);
  await world.advance(1_000);
  for (let i = 0; i < 100; i++) void room.send('say', 'x'.repeat(60_000));
  await world.advance(10_000);
  const again = page.reload();
  await world.advance(5_000);
  const next = outcome(again.client.room(line).send('say', 'y'.repeat(20_000)));
  await world.advance(5_000);
  expect(next.value).toBe('rejected'); // by the server's handler, not 'overflow'
});

test('a write that never ends does not hold messages for ever', async () => {
  make();
  const disk = memoryDisk();
  let hang = false;
  const page = user(
    'ada',
    storageOn(() =>
      Promise.resolve({
        ...disk,
        write: (key, change) => (hang ? new Promise<void>(() => undefined) : disk.write(key, change)),
      }),
    ),
  );
  const room = page.client.room(line);
  await world.advance(1_000);
  hang = true;
  const sent = outcome(room.send('say', 1));
  await world.advance(3_600_000);
  expect(sent.value).toMatchObject({ duplicate: false });
});

test('a session whose messages cannot be read is unlocked, so that another tab delivers it', async () => {
  make();
  const disk = memoryDisk();
  const fine = {
    id: 'x',
    order: 2,
    room: 'line',
    type: 'say',
    version: 1,
    data: 1,
    at: 1_700_000_000_000,
    expiresAt: null,
    coalesce: null,
    bytes: 1,
    seq: null,
    failure: null,
  };
  await disk.write('s', { row: { key: 's', owner: 'ada', usedAt: 0 }, puts: [fine] });
  let bad = true;
  const first = user(
    'ada',
    storageOn(() =>
      Promise.resolve({
        ...disk,
        messages: (key) => (bad ? Promise.reject(new Error('damaged')) : disk.messages(key)),
      }),
    ),
  );
  first.client.room(line);
  await world.advance(5_000);
  first.client.close();
  bad = false;
  await world.advance(5_000);
  user(
    'ada',
    storageOn(() => Promise.resolve(disk)),
  );
  await world.advance(60_000);
  expect(await log()).toEqual([1]);
});

test('storage that is lost while in use, and cannot be cleaned: nothing goes out twice', async () => {
  make();
  const disk = memoryDisk();
  let lose: (e: unknown) => void = () => undefined;
  let gone = false;
  const warn = vi.fn<(message: string) => void>();
  const gate =
    <A extends readonly unknown[], R>(call: (...args: A) => Promise<R>) =>
    (...args: A): Promise<R> =>
      gone ? Promise.reject(new Error('InvalidStateError: the database is closed')) : call(...args);
  // As openDisk of indexed-db.ts does on `versionchange` and `close`: the database is closed first, then `lost` is told.
  const page = user(
    'ada',
    storageOn(() =>
      Promise.resolve<Disk>({
        ...disk,
        sessions: gate(disk.sessions),
        messages: gate(disk.messages),
        write: gate(disk.write),
        remove: gate(disk.remove),
        lost: (call) => {
          lose = call;
        },
      }),
    ),
    true,
    { logger: { ...quiet, warn } },
  );
  page.client.room(line);
  await world.advance(1_000);
  page.network.cut();
  await world.advance(100);
  const sent = outcome(page.client.room(line).send('say', 1));
  await world.advance(100);
  gone = true;
  lose(new Error('closed by the browser'));
  await world.advance(100);
  expect(warn.mock.calls.map(([message]) => message)).toContain(
    'roomful: the outbox on disk could not be removed, and may be sent again',
  );
  page.network.restore();
  await world.advance(60_000);
  expect(sent.value).toMatchObject({ duplicate: false });
  page.client.close();
  await world.advance(1_000);
  user(
    'ada',
    storageOn(() => Promise.resolve(disk)),
  );
  await world.advance(60_000);
  expect(await log()).toEqual([1]);
});

test('a ttl counts until the message has left, also where it has its number and waits for its record', async () => {
  make();
  const disk = memoryDisk();
  let delay = 0;
  const page = user(
    'ada',
    storageOn(() =>
      Promise.resolve({
        ...disk,
        write: async (key, change) => {
          if (delay)
            await new Promise<void>((resolve) => {
              world.clock.after(delay, resolve);
            });
          await disk.write(key, change);
        },
      }),
    ),
  );
  const room = page.client.room(line);
  await world.advance(1_000);
  delay = 300;
  const sent = outcome(room.send('say', 'price of 12:00', { ttl: 5_000 }));
  await world.advance(100);
  page.network.cut();
  await world.advance(3_600_000);
  page.network.restore();
  await world.advance(60_000);
  expect(sent.value).toBe('expired');
  expect(await log()).toEqual([]);
});

test('nor can it be aborted', async () => {
  make();
  const disk = memoryDisk();
  let delay = 0;
  const page = user(
    'ada',
    storageOn(() =>
      Promise.resolve({
        ...disk,
        write: async (key, change) => {
          if (delay)
            await new Promise<void>((resolve) => {
              world.clock.after(delay, resolve);
            });
          await disk.write(key, change);
        },
      }),
    ),
  );
  const room = page.client.room(line);
  await world.advance(1_000);
  delay = 300;
  const abort = new AbortController();
  const sent = outcome(room.send('say', 1, { signal: abort.signal }));
  await world.advance(100);
  abort.abort();
  await world.advance(60_000);
  expect([sent.value, await log()]).toEqual(['aborted', []]);
});

test('a restored backlog in a room that is denied stays to be tried again', async () => {
  let open = true;
  make({ authorize: ({ action }) => action !== 'join' || open });
  const page = user('ada');
  page.client.room(line);
  await world.advance(1_000);
  page.network.cut();
  await world.advance(100);
  say(page, ...Array.from({ length: 300 }, (_, i) => i));
  await world.advance(100);
  open = false;
  const next = page.reload();
  const errors: unknown[] = [];
  next.client.on('error', (e) => errors.push(e));
  await world.advance(100);
  expect(pending(next).length).toBe(300);
  next.network.restore();
  await world.advance(60_000);
  expect(failed(next).length).toBe(300);
});

test('one message that cannot be cloned does not cost the whole storage', async () => {
  make();
  const disk = memoryDisk();
  const page = user(
    'ada',
    storageOn(() => Promise.resolve(disk)),
  );
  page.client.room(line);
  await world.advance(1_000);
  page.network.cut();
  await world.advance(100);
  say(page, 1, 2, 3);
  await world.advance(100);
  // What valtio, MobX, Vue and immer hand out: JSON takes it, structuredClone does not.
  const sent = page.client.room(line).send('say', new Proxy({ text: 'hi' }, {}));
  outcome(sent);
  await world.advance(100);
  const next = page.reload();
  next.network.restore();
  await world.advance(60_000);
  expect((await log()).slice(0, 3)).toEqual([1, 2, 3]);
});

test('a record that no frame can carry does not close the client at every start', async () => {
  make();
  const disk = memoryDisk();
  const fine = {
    id: 'x',
    order: 2,
    room: 'line',
    type: 'say',
    version: 1,
    data: 1,
    at: 1_700_000_000_000,
    expiresAt: null,
    coalesce: null,
    bytes: 1,
    seq: null,
    failure: null,
  };
  await disk.write('s', {
    row: { key: 's', owner: 'ada', usedAt: 0 },
    puts: [fine, { ...fine, id: 'y', order: 1, room: 'not a room' }],
  });
  const page = user(
    'ada',
    storageOn(() => Promise.resolve(disk)),
  );
  page.client.room(line);
  await world.advance(5_000);
  const next = page.reload();
  await world.advance(5_000);
  expect(status(next)).toBe('connected');
  expect(await log()).toEqual([1]);
});

test('a failing look for orphans is not told as the failure of our own storage, and leaves no lock', async () => {
  make();
  const disk = memoryDisk();
  const fine = {
    id: 'x',
    order: 2,
    room: 'line',
    type: 'say',
    version: 1,
    data: 1,
    at: 1_700_000_000_000,
    expiresAt: null,
    coalesce: null,
    bytes: 1,
    seq: null,
    failure: null,
  };
  await disk.write('own', { row: { key: 'own', owner: 'ada', usedAt: 5 } });
  await disk.write('left', { row: { key: 'left', owner: 'ada', usedAt: 0 }, puts: [fine] });
  let bad = true;
  const page = user(
    'ada',
    storageOn(() =>
      Promise.resolve({
        ...disk,
        messages: (key) => (bad && key === 'left' ? Promise.reject(new Error('once')) : disk.messages(key)),
      }),
    ),
    false,
  );
  const told: StorageEvent[] = [];
  page.client.on('storage', (event) => told.push(event));
  page.client.connect();
  page.client.room(line);
  await world.advance(5_000);
  expect(told.filter(({ type }) => type === 'not-adopted')).toMatchObject([{ error: { message: 'once' } }]);
  bad = false;
  page.network.drop();
  await world.advance(60_000);
  expect(await log()).toEqual([1]);
});

test('connect right after close: the session and its messages are taken up', async () => {
  make();
  const page = user('ada');
  page.client.room(line);
  await world.advance(1_000);
  page.network.cut();
  say(page, 1, 2);
  await world.advance(100);
  page.network.restore();
  page.client.close();
  page.client.connect();
  say(page, 3);
  await world.advance(10_000);
  expect(await log()).toEqual([1, 2, 3]);
});

test('data that the app changes after send', async () => {
  make();
  const page = plain('ada');
  page.client.room(line);
  await world.advance(1_000);
  page.network.cut();
  await world.advance(100);
  const draft = { text: 'as sent' };
  say(page, draft);
  await world.advance(100);
  draft.text = 'as changed later';
  page.network.restore();
  await world.advance(60_000);
  expect(await log()).toEqual([{ text: 'as sent' }]);
});

test('a courier whose storage fails is closed with its client', async () => {
  make({ on: { say: () => new Promise(() => undefined) } });
  const disk = memoryDisk();
  const fine = {
    id: 'x',
    order: 2,
    room: 'line',
    type: 'say',
    version: 1,
    data: 1,
    at: 1_700_000_000_000,
    expiresAt: null,
    coalesce: null,
    bytes: 1,
    seq: null,
    failure: null,
  };
  await disk.write('own', { row: { key: 'own', owner: 'ada', usedAt: 9 } });
  await disk.write('l1', { row: { key: 'l1', owner: 'ada', usedAt: 1 }, puts: [fine] });
  await disk.write('l2', { row: { key: 'l2', owner: 'ada', usedAt: 0 }, puts: [{ ...fine, id: 'y' }] });
  const page = user(
    'ada',
    storageOn(() =>
      Promise.resolve({
        ...disk,
        write: (key, change) =>
          key === 'l1' && change.puts?.length ? Promise.reject(new Error('quota')) : disk.write(key, change),
      }),
    ),
  );
  page.client.room(line);
  await world.advance(5_000);
  page.client.close();
  await world.advance(60_000);
  expect(page.network.connections).toBe(0);
});

test('what a courier could not deliver is on disk at every moment', async () => {
  make({ on: { say: (_m, { reject }) => reject('no') } });
  const disk = memoryDisk();
  const fine = {
    id: 'x',
    order: 2,
    room: 'line',
    type: 'say',
    version: 1,
    data: 1,
    at: 1_700_000_000_000,
    expiresAt: null,
    coalesce: null,
    bytes: 1,
    seq: null,
    failure: null,
  };
  await disk.write('own', { row: { key: 'own', owner: 'ada', usedAt: 9 } });
  await disk.write('l1', { row: { key: 'l1', owner: 'ada', usedAt: 1 }, puts: [fine] });
  const counts: number[] = [];
  const count = async () => {
    counts.push((await disk.messages('own')).length + (await disk.messages('l1')).length);
  };
  // A write takes a moment, and the removal does not.
  const page = user(
    'ada',
    storageOn(() =>
      Promise.resolve({
        ...disk,
        write: async (key, change) => {
          if (key === 'own')
            await new Promise<void>((r) => {
              world.clock.after(20, r);
            });
          await disk.write(key, change);
          await count();
        },
        remove: async (key) => {
          await disk.remove(key);
          await count();
        },
      }),
    ),
  );
  page.client.room(line);
  await world.advance(10_000);
  expect(Math.min(...counts)).toBe(1);
});

test('closing while a courier is opening leaves no socket and no lock', async () => {
  make();
  const disk = memoryDisk();
  const fine = {
    id: 'x',
    order: 2,
    room: 'line',
    type: 'say',
    version: 1,
    data: 1,
    at: 1_700_000_000_000,
    expiresAt: null,
    coalesce: null,
    bytes: 1,
    seq: null,
    failure: null,
  };
  await disk.write('own', { row: { key: 'own', owner: 'ada', usedAt: 9 } });
  await disk.write('l1', { row: { key: 'l1', owner: 'ada', usedAt: 1 }, puts: [fine] });
  let locks = 0;
  const counted: Disk = {
    ...disk,
    lock: async (key) => {
      const unlock = await disk.lock(key);
      if (!unlock) return null;
      locks++;
      return () => {
        locks--;
        unlock();
      };
    },
  };
  for (const at of [0, 1, 2, 5, 10]) {
    const page = user(
      'ada',
      storageOn(() => Promise.resolve(counted)),
    );
    page.network.latency(1);
    page.client.room(line);
    await world.advance(at);
    page.client.close();
    page.client.close();
    await world.advance(10_000);
    expect([at, locks, page.network.connections]).toEqual([at, 0, 0]);
  }
});

test('connect right after close while a record is written: order, count, member', async () => {
  make();
  const disk = memoryDisk();
  let delay = 0;
  const page = user(
    'ada',
    storageOn(() =>
      Promise.resolve({
        ...disk,
        write: async (key, change) => {
          if (delay)
            await new Promise<void>((r) => {
              world.clock.after(delay, r);
            });
          await disk.write(key, change);
        },
      }),
    ),
  );
  const room = page.client.room(line);
  await world.advance(1_000);
  page.network.cut();
  delay = 20;
  say(page, 1, 2);
  await world.advance(1);
  page.network.restore();
  page.client.close();
  page.client.connect();
  void room.send('say', 3);
  await world.advance(60_000);
  expect(await log()).toEqual([1, 2, 3]);
});

test('what another tab leaves is delivered by a tab that stays connected', async () => {
  make();
  const storage = memoryStorage();
  const [one, two] = [user('ada', storage), user('ada', storage)];
  one.client.room(line);
  two.client.room(line);
  await world.advance(1_000);
  one.network.cut();
  say(one, 1);
  await world.advance(100);
  one.client.close();
  await world.advance(3_600_000);
  expect(await log()).toEqual([1]);
});

test('a session that could not be touched is unlocked', async () => {
  make();
  const disk = memoryDisk();
  const fine = {
    id: 'x',
    order: 2,
    room: 'line',
    type: 'say',
    version: 1,
    data: 1,
    at: 1_700_000_000_000,
    expiresAt: null,
    coalesce: null,
    bytes: 1,
    seq: null,
    failure: null,
  };
  await disk.write('s', { row: { key: 's', owner: 'ada', usedAt: 0 }, puts: [fine] });
  let bad = true;
  const page = user(
    'ada',
    storageOn(() =>
      Promise.resolve({
        ...disk,
        write: (key, change) => (bad ? Promise.reject(new Error('quota')) : disk.write(key, change)),
      }),
    ),
  );
  page.client.room(line);
  await world.advance(5_000);
  page.client.close();
  bad = false;
  user(
    'ada',
    storageOn(() => Promise.resolve(disk)),
  );
  await world.advance(60_000);
  expect(await log()).toEqual([1]);
});

test('restored messages that give way to newer ones (drop-oldest) are not dropped in silence', async () => {
  make();
  const storage = memoryStorage();
  const options = { outbox: { storage, limit: 5, overflow: 'drop-oldest' } };
  const page = world.user({ id: 'ada' }, { ...options, logger: quiet } as never);
  page.client.room(line);
  await world.advance(1_000);
  page.network.cut();
  await world.advance(100);
  say(page, 1, 2, 3, 4, 5);
  await world.advance(100);
  const next = page.reload();
  await world.advance(1_000);
  say(next, 6, 7);
  await world.advance(1_000);
  next.network.restore();
  await world.advance(60_000);
  expect(new Set([...(await log()), ...failed(next).map((it) => it.data)])).toEqual(
    new Set([1, 2, 3, 4, 5, 6, 7]),
  );
});

test('a number given to a message that is tried again is on disk before it leaves', async () => {
  make({
    on: {
      say: ({ data }, { reject }) => {
        if (data === 'x' && refuse) reject('no');
      },
    },
  });
  let refuse = true;
  const disk = memoryDisk();
  let delay = 0;
  const writes: unknown[] = [];
  const page = user(
    'ada',
    storageOn(() =>
      Promise.resolve({
        ...disk,
        write: async (key, change) => {
          if (delay)
            await new Promise<void>((r) => {
              world.clock.after(delay, r);
            });
          await disk.write(key, change);
          for (const p of change.puts ?? []) writes.push([p.data, p.seq]);
        },
      }),
    ),
  );
  const room = page.client.room(line);
  await world.advance(1_000);
  void room.send('say', 'x');
  await world.advance(1_000);
  expect(failed(page).length).toBe(1);
  refuse = false;
  delay = 1_000;
  void room.send('say', 'busy');
  await world.advance(10);
  page.client.close();
  page.client.connect(); // its session is still locked: a new one, whose numbers begin at 1
  await world.advance(5_000);
  delay = 3_000;
  page.client.retry(failed(page)[0]?.id ?? '');
  await world.advance(1_000);
  expect(await log()).not.toContain('x');
});

test('ended for good (4403) while records are written: the next page delivers them once', async () => {
  make();
  const disk = memoryDisk();
  let delay = 0;
  const page = user(
    'ada',
    storageOn(() =>
      Promise.resolve({
        ...disk,
        write: async (key, change) => {
          if (delay)
            await new Promise<void>((r) => {
              world.clock.after(delay, r);
            });
          await disk.write(key, change);
        },
      }),
    ),
  );
  const room = page.client.room(line);
  await world.advance(1_000);
  delay = 100;
  for (const n of [1, 2, 3]) void room.send('say', n);
  await world.advance(50);
  world.server.disconnect('ada');
  await world.advance(1_000);
  delay = 0;
  user(
    'ada',
    storageOn(() => Promise.resolve(disk)),
  );
  await world.advance(60_000);
  expect(await log()).toEqual([1, 2, 3]);
});

test('restored: a message larger than the server takes closes the connection again and again, in every page', async () => {
  make();
  const page = user('ada');
  page.client.room(line);
  await world.advance(1_000);
  page.network.cut();
  await world.advance(100);
  say(
    page,
    Array.from({ length: 4_500 }, (_, i) => Math.sin(i + 1)),
    'after',
  );
  await world.advance(100);
  const next = page.reload();
  next.network.restore();
  await world.advance(60_000);
  expect(await log()).toEqual(['after']);
});
