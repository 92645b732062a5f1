// The outbox that outlives its page: written before it leaves, given back to whoever comes next, delivered once and in order.
import { afterEach, describe, expect, test } from 'vitest';
import type { Client, RealtimeError, StorageEvent } from '../../../src/client/index.js';
import type { Disk } from '../../../src/client/storage/disk.js';
import { memoryDisk, memoryStorage } from '../../../src/client/storage/memory.js';
import { storageOn } from '../../../src/client/storage/storage-on.js';
import { defineRoom, type } from '../../../src/contract/index.js';
import { serve, type ServeOptions } from '../../../src/server/rooms/serve.js';
import { createTestRealtime, type TestRealtime, type TestUser } from '../../../src/testing/index.js';
import { diskContract } from '../../contracts/disk.js';
import { z } from 'zod';

diskContract('in memory', () => {
  const disk = memoryDisk();
  return { open: () => Promise.resolve(disk) };
});

const line = defineRoom('line', { messages: { say: type<number>() } });
const quiet = { warn: () => undefined, error: () => undefined };
let world: TestRealtime = createTestRealtime({ rooms: [] });
afterEach(() => world.close());

function make(options: ServeOptions<typeof line> = {}): TestRealtime {
  world = createTestRealtime({
    rooms: [serve(line, { ...options, history: { limit: 100_000 } })],
    clock: 'virtual',
    server: { logger: { info: () => undefined, warn: () => undefined, error: () => undefined } },
  });
  return world;
}
const user = (id: string, storage = memoryStorage(), connect = true): TestUser =>
  world.user({ id }, { outbox: { storage }, logger: quiet, connect });
const status = ({ client }: TestUser) => client.store.getState().connection.status;
const pending = ({ client }: TestUser) => client.store.getState().outbox.pending.map(({ data }) => data);
const failed = ({ client }: TestUser) => client.store.getState().outbox.failed;
const entries = async () => {
  const page = await world.server.settings.broker.read('line', { before: null, limit: 100_000 });
  return 'entries' in page ? page.entries : [];
};
const log = async (): Promise<unknown[]> => (await entries()).map((entry) => entry[8]);
const heard = (client: Client): StorageEvent[] => {
  const events: StorageEvent[] = [];
  client.on('storage', (event) => events.push(event));
  return events;
};
/** Messages that the app does not wait for. */
const say = (it: TestUser, ...numbers: readonly number[]): void => {
  const room = it.client.room(line);
  for (const number of numbers) void room.send('say', number);
};

describe('a page that reloads', () => {
  test('delivers what it queued offline: once, in order, under the old ids', async () => {
    make();
    const page = user('ada');
    page.client.room(line);
    await world.advance(100);
    page.network.cut();
    await world.advance(100);
    say(page, 1, 2, 3);
    await world.advance(100);
    const ids = page.client.store.getState().outbox.pending.map(({ id }) => id);
    const next = page.reload();
    const events = heard(next.client);
    await world.advance(100);
    expect(pending(next)).toEqual([1, 2, 3]);
    expect(next.client.store.getState().outbox.pending.map(({ id }) => id)).toEqual(ids);
    expect(events).toEqual([{ type: 'restored', messages: 3 }]);
    say(next, 4);
    next.network.restore();
    await world.advance(60_000);
    expect(await log()).toEqual([1, 2, 3, 4]);
    expect(pending(next)).toEqual([]);
  });

  test('sends what had left and was not acknowledged under its number: the server drops the duplicate', async () => {
    const handled: number[] = [];
    make({
      on: {
        say: ({ data }) => {
          handled.push(data);
        },
      },
    });
    const page = user('ada');
    page.client.room(line);
    await world.advance(100);
    page.network.stall('down');
    say(page, 1, 2);
    await world.advance(100);
    expect(await log()).toEqual([1, 2]);
    const next = page.reload();
    next.network.restore();
    await world.advance(60_000);
    expect(await log()).toEqual([1, 2]);
    expect(handled).toEqual([1, 2]);
    expect(pending(next)).toEqual([]);
  });

  test('a weekend later does not send again what the server has forgotten: it has failed as expired, and is sent as a new one where somebody says so', async () => {
    const handled: number[] = [];
    make({
      on: {
        say: ({ data }) => {
          handled.push(data);
        },
      },
    });
    const page = user('ada');
    page.client.room(line);
    await world.advance(100);
    page.network.stall('down');
    say(page, 1);
    await world.advance(100);
    expect(await log()).toEqual([1]);
    page.network.cut();
    say(page, 2);
    await world.advance(100);
    const next = page.reload();
    next.network.cut();
    await world.advance(60 * 3_600_000);
    next.network.restore();
    await world.advance(60_000);
    expect(failed(next).map(({ data, error }) => [data, error?.code])).toEqual([
      [1, 'expired'],
      [2, 'expired'],
    ]);
    say(next, 3);
    await world.advance(1_000);
    expect(handled).toEqual([1, 3]);
    next.client.retry(failed(next)[1]?.id ?? '');
    await world.advance(1_000);
    expect(handled).toEqual([1, 3, 2]);
    expect(failed(next).map(({ data }) => data)).toEqual([1]);
  });

  test('is the same member as before, and counts on where it was', async () => {
    make();
    const page = user('ada');
    say(page, 1, 2);
    await world.advance(1_000);
    const me = page.client.store.getState().rooms['line']?.me?.id;
    const next = page.reload();
    say(next, 3);
    await world.advance(1_000);
    expect(next.client.store.getState().rooms['line']?.me?.id).toBe(me);
    expect(await log()).toEqual([1, 2, 3]);
    say(next, 4);
    await world.advance(1_000);
    expect(await log()).toEqual([1, 2, 3, 4]);
  });

  test('takes its session over where the server still believes in the page before', async () => {
    make();
    const storage = memoryStorage();
    const page = user('ada', storage);
    say(page, 1);
    await world.advance(1_000);
    // Nothing more comes from this page, and its connection stays.
    page.network.stall('both');
    const other = user('ada', {
      attach: (host, wanted) => {
        page.client.close();
        return storage.attach(host, wanted);
      },
    });
    say(other, 2);
    await world.advance(2_000);
    expect(status(other)).toBe('connected');
    expect(await log()).toEqual([1, 2]);
  });

  test('nothing leaves before its record is there', async () => {
    make();
    const disk = memoryDisk();
    let finish: () => void = () => undefined;
    let slow = false;
    const wait = (): Promise<void> =>
      slow
        ? new Promise((resolve) => {
            finish = resolve;
          })
        : Promise.resolve();
    const page = user(
      'ada',
      storageOn(() =>
        Promise.resolve({
          ...disk,
          write: async (key, change) => {
            await wait();
            await disk.write(key, change);
          },
        }),
      ),
    );
    page.client.room(line);
    await world.advance(1_000);
    slow = true;
    say(page, 1, 2);
    await world.advance(5_000);
    expect(await log()).toEqual([]);
    slow = false;
    finish();
    await world.advance(1_000);
    expect(await log()).toEqual([1, 2]);
  });

  test('as the page goes away all that was said is on its way to storage, though it was busy; and it is told so no more once the client is closed', async () => {
    make();
    const disk = memoryDisk();
    const begun: unknown[][] = [];
    const finish: (() => void)[] = [];
    let slow = false;
    const leavers = new Set<() => void>();
    const page = user(
      'ada',
      storageOn(() =>
        Promise.resolve({
          ...disk,
          async write(key, change) {
            begun.push((change.puts ?? []).map(({ data }) => data));
            if (slow)
              await new Promise<void>((resolve) => {
                finish.push(resolve);
              });
            await disk.write(key, change);
          },
          leaving(call) {
            leavers.add(call);
            return () => {
              leavers.delete(call);
            };
          },
        }),
      ),
    );
    page.client.room(line);
    await world.advance(1_000);
    begun.length = 0;
    slow = true;
    say(page, 1, 2);
    await world.advance(10);
    say(page, 3);
    await world.advance(10);
    expect(begun).toEqual([[1, 2]]);
    for (const leave of leavers) leave();
    expect(begun).toEqual([[1, 2], [3]]);
    // It was kept after all, and goes on: what is said while only the hurried step is under way comes after that.
    finish.shift()?.();
    await world.advance(10);
    say(page, 4);
    await world.advance(10);
    expect(begun).toHaveLength(2);
    slow = false;
    for (const resolve of finish) resolve();
    await world.advance(0);
    expect(begun[2]).toContain(4);
    await world.advance(1_000);
    expect(await log()).toEqual([1, 2, 3, 4]);
    expect(leavers.size).toBe(1);
    page.client.close();
    await world.advance(100);
    expect(leavers.size).toBe(0);
  });

  test('a record is gone once its message is acknowledged, taken back or refused and discarded', async () => {
    make({ on: { say: ({ data }, { reject }) => (data === 3 ? reject('no') : undefined) } });
    const disk = memoryDisk();
    const page = user(
      'ada',
      storageOn(() => Promise.resolve(disk)),
      false,
    );
    const room = page.client.room(line);
    const abort = new AbortController();
    room.send('say', 2, { signal: abort.signal }).catch(() => undefined);
    abort.abort();
    say(page, 1, 3);
    page.client.connect();
    await world.advance(2_000);
    const [session] = await disk.sessions();
    expect(await disk.messages(session?.key ?? '')).toMatchObject([
      { data: 3, failure: { code: 'rejected', message: 'no' } },
    ]);
    const next = page.reload();
    await world.advance(2_000);
    expect(failed(next)).toMatchObject([{ data: 3, error: { code: 'rejected' } }]);
    next.client.discard(failed(next)[0]?.id ?? '');
    await world.advance(100);
    expect(await disk.messages(session?.key ?? '')).toEqual([]);
    expect(await log()).toEqual([1]);
  });

  test('one that failed is sent again on retry, behind what came after it', async () => {
    let open = false;
    make({ on: { say: ({ data }, { reject }) => (data === 1 && !open ? reject('no') : undefined) } });
    const page = user('ada');
    say(page, 1, 2);
    await world.advance(2_000);
    const next = page.reload();
    await world.advance(2_000);
    next.network.cut();
    open = true;
    say(next, 3);
    next.client.retry(failed(next)[0]?.id ?? '');
    await world.advance(100);
    const last = next.reload();
    last.network.restore();
    await world.advance(60_000);
    expect(await log()).toEqual([2, 3, 1]);
  });

  test('what may no longer leave in time has failed, and is never dropped in silence', async () => {
    make();
    const page = user('ada', memoryStorage(), false);
    page.network.cut();
    page.client.connect();
    page.client
      .room(line)
      .send('say', 1, { ttl: 5_000 })
      .catch(() => undefined);
    await world.advance(100);
    const next = page.reload();
    await world.advance(10_000);
    expect(failed(next)).toMatchObject([{ data: 1, error: { code: 'expired' } }]);
    next.network.restore();
    await world.advance(60_000);
    expect(await log()).toEqual([]);
  });
});

test('P33 a server that dies between the handler and the append has forgotten that it ran: it runs again for the same id, and the log has the message once', async () => {
  const ran: string[] = [];
  let first = true;
  make({
    on: {
      say: async ({ id }) => {
        ran.push(id);
        if (first) await new Promise(() => undefined);
      },
    },
  });
  const page = user('ada');
  const receipt = page.client.room(line).send('say', 1);
  await world.advance(1_000);
  first = false;
  await world.restartServer({ keepLog: true });
  await world.advance(10_000);
  expect(await receipt).toMatchObject({ offset: 1, duplicate: false });
  expect(ran).toHaveLength(2);
  expect(new Set(ran).size).toBe(1);
  expect(await log()).toEqual([1]);
});

describe('a client that closes', () => {
  test('leaves what waits to the next one, and says that only the future knows', async () => {
    make();
    const storage = memoryStorage();
    const first = user('ada', storage);
    first.client.room(line);
    await world.advance(100);
    first.network.cut();
    await world.advance(100);
    const sent = first.client
      .room(line)
      .send('say', 1)
      .catch((error: unknown) => (error as RealtimeError).code);
    first.client.close();
    expect(await sent).toBe('in-doubt');
    const second = user('ada', storage);
    await world.advance(1_000);
    expect(await log()).toEqual([1]);
    expect(status(second)).toBe('connected');
  });

  test('connects again with what it left', async () => {
    make();
    const it = user('ada');
    it.client.room(line);
    await world.advance(100);
    it.network.cut();
    say(it, 1);
    it.client.close();
    await world.advance(100);
    it.network.restore();
    it.client.connect();
    await world.advance(2_000);
    expect(await log()).toEqual([1]);
  });
});

describe('several tabs of one app', () => {
  test('each have a session of their own', async () => {
    make();
    const storage = memoryStorage();
    const tabs = [user('ada', storage), user('ada', storage)];
    for (const tab of tabs) tab.client.room(line);
    await world.advance(1_000);
    for (let number = 0; number < 4; number++) say(tabs[number % 2] as TestUser, number);
    await world.advance(1_000);
    expect(tabs.map(status)).toEqual(['connected', 'connected']);
    expect(new Set(await log())).toEqual(new Set([0, 1, 2, 3]));
  });

  test('one delivers what another left behind, in its order, beside its own', async () => {
    make();
    const storage = memoryStorage();
    const [one, two] = [user('ada', storage), user('ada', storage)];
    one.client.room(line);
    two.client.room(line);
    await world.advance(1_000);
    for (const tab of [one, two]) tab.network.cut();
    say(one, 1, 2, 3);
    say(two, 11, 12, 13);
    await world.advance(100);
    one.reload().reload().client.close();
    two.reload().client.close();
    await world.advance(100);
    const last = user('ada', storage);
    const events = heard(last.client);
    await world.advance(60_000);
    const numbers = (await log()) as number[];
    expect(numbers.filter((number) => number < 10)).toEqual([1, 2, 3]);
    expect(numbers.filter((number) => number > 10)).toEqual([11, 12, 13]);
    expect(numbers).toHaveLength(6);
    expect(events).toEqual([
      { type: 'restored', messages: 3 },
      { type: 'adopted', messages: 3 },
    ]);
    expect(world.server.stats().connections).toBe(1);
  });

  test("what is refused of another tab's messages is shown by the one that delivered them", async () => {
    make({ on: { say: ({ data }, { reject }) => (data === 1 ? reject('no') : undefined) } });
    const storage = memoryStorage();
    const gone = user('ada', storage);
    gone.client.room(line);
    const here = user('ada', storage);
    await world.advance(1_000);
    gone.network.cut();
    here.network.cut();
    say(gone, 1, 2);
    await world.advance(100);
    gone.client.close();
    here.network.restore();
    await world.advance(60_000);
    expect(await log()).toEqual([2]);
    expect(failed(here)).toMatchObject([{ data: 1, error: { code: 'rejected' } }]);
    const after = here.reload();
    await world.advance(2_000);
    expect(failed(after)).toMatchObject([{ data: 1 }]);
  });
});

describe('another user', () => {
  test('never sends what the first wrote; it waits for the first to come back', async () => {
    make();
    const storage = memoryStorage();
    const ada = user('ada', storage);
    ada.client.room(line);
    await world.advance(1_000);
    ada.network.cut();
    say(ada, 1);
    await world.advance(100);
    ada.client.close();
    const bob = user('bob', storage);
    say(bob, 2);
    await world.advance(60_000);
    expect(status(bob)).toBe('connected');
    expect(await log()).toEqual([2]);
    bob.client.close();
    await world.advance(100);
    user('ada', storage);
    await world.advance(60_000);
    expect(await log()).toEqual([2, 1]);
    expect((await entries()).map((entry) => entry[5]?.[1]?.id)).toEqual(['bob', 'ada']);
  });

  test('in the same page: what the first wrote waits for it too', async () => {
    make();
    let who = 'ada';
    user('bob', memoryStorage(), false);
    const page = world.user(
      { id: 'ada' },
      { outbox: { storage: memoryStorage() }, logger: quiet, token: () => who },
    );
    page.client.room(line);
    await world.advance(1_000);
    page.network.cut();
    const code = page.client
      .room(line)
      .send('say', 1)
      .catch((error: unknown) => (error as RealtimeError).code);
    await world.advance(100);
    who = 'bob';
    page.network.restore();
    await world.advance(60_000);
    expect([await code, await log(), status(page)]).toEqual(['in-doubt', [], 'connected']);
    who = 'ada';
    page.client.reconnect();
    await world.advance(60_000);
    expect(await log()).toEqual([1]);
  });
});

describe('messages of an older version of the app', () => {
  const v1 = defineRoom('line', { messages: { say: z.number() } });
  const v2 = defineRoom('line', {
    messages: {
      say: { version: 2, schema: z.object({ n: z.number() }), upgrade: { 1: (n: number) => ({ n }) } },
    },
  });

  async function left(
    room: typeof v1 | typeof v2,
    served: typeof v1 | typeof v2,
    data: unknown,
  ): Promise<TestUser> {
    world = createTestRealtime({
      rooms: [serve(served as typeof v1)],
      clock: 'virtual',
      server: { logger: { info: () => undefined, warn: () => undefined, error: () => undefined } },
    });
    const page = user('ada');
    page.client.room(room as typeof v1);
    await world.advance(1_000);
    page.network.cut();
    void page.client.room(room as typeof v1).send('say', data as number);
    await world.advance(100);
    return page.reload();
  }

  test('are shown and stored as the newer one has them', async () => {
    const next = await left(v1, v2, 7);
    await world.advance(100);
    next.client.room(v2);
    await world.advance(100);
    expect(pending(next)).toEqual([{ n: 7 }]);
    next.network.restore();
    await world.advance(60_000);
    expect(await log()).toEqual([{ n: 7 }]);
  });

  test('of a newer one than this app knows have failed, and can be discarded', async () => {
    const next = await left(v2, v2, { n: 1 });
    next.client.room(v1);
    await world.advance(100);
    expect(failed(next)).toMatchObject([{ error: { code: 'unknown-version' } }]);
    next.network.restore();
    await world.advance(60_000);
    expect(await log()).toEqual([]);
  });
});

describe('storage that fails', () => {
  const broken = (change: Partial<Disk>): [Disk, TestUser, StorageEvent[]] => {
    const disk = memoryDisk();
    const it = user(
      'ada',
      storageOn(() => Promise.resolve({ ...disk, ...change })),
      false,
    );
    const events = heard(it.client);
    it.client.connect();
    return [disk, it, events];
  };

  test('to open: messages are held in memory, and nobody waits', async () => {
    make();
    const it = user(
      'ada',
      storageOn(() => Promise.reject(new Error('private mode'))),
      false,
    );
    const events = heard(it.client);
    it.client.connect();
    say(it, 1, 2);
    await world.advance(1_000);
    expect(await log()).toEqual([1, 2]);
    expect(events).toMatchObject([{ type: 'failed', error: { message: 'private mode' } }]);
  });

  test('to answer: after 3 s it goes on without', async () => {
    make();
    const it = user(
      'ada',
      storageOn(() => new Promise(() => undefined)),
      false,
    );
    const events = heard(it.client);
    it.client.connect();
    say(it, 1);
    await world.advance(2_000);
    expect(status(it)).toBe('connecting');
    await world.advance(2_000);
    expect(await log()).toEqual([1]);
    expect(events).toMatchObject([{ type: 'failed' }]);
  });

  test('to write: what waits goes out from memory, and leaves no record that would go out again', async () => {
    make();
    const disk = memoryDisk();
    let full = false;
    const it = user(
      'ada',
      storageOn(() =>
        Promise.resolve({
          ...disk,
          write: (key, change) =>
            full && change.puts?.length ? Promise.reject(new Error('quota')) : disk.write(key, change),
        }),
      ),
    );
    const events = heard(it.client);
    it.client.room(line);
    await world.advance(1_000);
    it.network.cut();
    await world.advance(100);
    say(it, 1);
    await world.advance(100);
    full = true;
    say(it, 2);
    await world.advance(100);
    expect(events.at(-1)).toMatchObject({ type: 'failed', error: { message: 'quota' } });
    it.network.restore();
    await world.advance(60_000);
    expect(await log()).toEqual([1, 2]);
    const next = it.reload();
    say(next, 3);
    await world.advance(60_000);
    expect(await log()).toEqual([1, 2, 3]);
  });

  test('to read: the same', async () => {
    make();
    const [, it, events] = broken({ messages: () => Promise.reject(new Error('damaged')) });
    say(it, 1);
    await world.advance(1_000);
    expect(await log()).toEqual([1]);
    expect(events).toMatchObject([{ type: 'failed', error: { message: 'damaged' } }]);
  });

  test('a record that is none is reported and removed, and the others are delivered', async () => {
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
    const bad = [
      { id: 'y', order: 1 },
      { ...fine, id: 'z', seq: -1 },
      { ...fine, id: 'w', failure: { code: 'nonsense' } },
    ];
    await disk.write('s', {
      row: { key: 's', owner: undefined, member: undefined, usedAt: 0 },
      puts: [fine, ...bad] as never,
    });
    const it = user(
      'ada',
      storageOn(() => Promise.resolve(disk)),
      false,
    );
    const events = heard(it.client);
    it.client.connect();
    await world.advance(2_000);
    expect(await log()).toEqual([1]);
    expect(
      events
        .map((event) => (event.type === 'corrupt' ? (event.record as { id: string }).id : event.type))
        .toSorted(),
    ).toEqual(['restored', 'w', 'y', 'z']);
    expect(await disk.messages('s')).toEqual([]);
  });
});

test('a backlog of 2,000 is delivered once and in order though the page reloads again and again meanwhile', async () => {
  make();
  let page = user('ada');
  page.client.room(line);
  await world.advance(1_000);
  page.network.cut();
  page.network.latency(20);
  say(page, ...Array.from({ length: 2_000 }, (_, index) => index));
  await world.advance(10);
  for (let reload = 0; reload < 12; reload++) {
    page = page.reload();
    page.network.restore();
    await world.advance(90);
  }
  await world.advance(60_000);
  expect(await log()).toEqual(Array.from({ length: 2_000 }, (_, index) => index));
  expect(pending(page)).toEqual([]);
});
