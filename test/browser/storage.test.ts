// The outbox in a real browser: IndexedDB and Web Locks as Chromium has them.
import { afterEach, expect, test } from 'vitest';
import { indexedDBStorage } from '../../src/client/storage/index.js';
import { openDisk } from '../../src/client/storage/indexed-db.js';
import type { StorageEvent } from '../../src/client/index.js';
import { defineRoom, type } from '../../src/contract/index.js';
import { serve } from '../../src/server/rooms/serve.js';
import { createTestRealtime, type TestRealtime } from '../../src/testing/index.js';
import { diskContract } from '../contracts/disk.js';

let databases = 0;
diskContract('IndexedDB', () => {
  const name = `disk-${++databases}`;
  return { open: () => openDisk(name) };
});

const line = defineRoom('line', { messages: { say: type<number>() } });
const logged: number[] = [];
let world: TestRealtime | null = null;
afterEach(async () => {
  await world?.close();
  logged.length = 0;
});
const start = (): TestRealtime =>
  (world = createTestRealtime({
    rooms: [
      serve(line, {
        on: {
          say: ({ data }) => {
            logged.push(data);
          },
        },
      }),
    ],
  }));

test('what a page queued offline is delivered by the next, once and in order', async () => {
  const outbox = { storage: indexedDBStorage({ name: `app-${++databases}` }) };
  const page = start().user({ id: 'ada' }, { outbox });
  const room = page.client.room(line);
  await expect.poll(() => room.status).toBe('joined');
  page.network.cut();
  for (let number = 0; number < 1_200; number++) void room.send('say', number);
  await expect
    .poll(async () => {
      const disk = await openDisk(`app-${databases}`);
      return (await disk.messages((await disk.sessions())[0]?.key ?? '')).length;
    })
    .toBe(1_200);
  const next = page.reload();
  next.network.restore();
  await expect.poll(() => logged.length).toBe(1_200);
  expect(logged).toEqual(Array.from({ length: 1_200 }, (_, index) => index));
  await expect.poll(() => next.client.store.getState().outbox.pending.length).toBe(0);
  const disk = await openDisk(`app-${databases}`);
  await expect.poll(async () => (await disk.messages((await disk.sessions())[0]?.key ?? '')).length).toBe(0);
});

test('a newer version of the app that wants the database gets it, and this page goes on from memory', async () => {
  const name = `app-${++databases}`;
  const page = start().user(
    { id: 'ada' },
    {
      outbox: { storage: indexedDBStorage({ name }) },
      logger: { warn: () => undefined, error: () => undefined },
    },
  );
  const events: StorageEvent[] = [];
  page.client.on('storage', (event) => events.push(event));
  const room = page.client.room(line);
  await expect.poll(() => room.status).toBe('joined');
  const upgrade = indexedDB.open(name, 2);
  await new Promise((resolve, reject) => {
    upgrade.onsuccess = resolve;
    upgrade.onblocked = reject;
  });
  upgrade.result.close();
  await room.send('say', 1);
  expect(events.map(({ type: what }) => what)).toEqual(['restored', 'failed']);
});

test('where the database is of a newer version, messages are held in memory', async () => {
  const name = `app-${++databases}`;
  const newer = indexedDB.open(name, 7);
  await new Promise((resolve) => {
    newer.onsuccess = resolve;
  });
  newer.result.close();
  const page = start().user(
    { id: 'ada' },
    {
      connect: false,
      outbox: { storage: indexedDBStorage({ name }) },
      logger: { warn: () => undefined, error: () => undefined },
    },
  );
  const events: StorageEvent[] = [];
  page.client.on('storage', (event) => events.push(event));
  page.client.connect();
  await page.client.room(line).send('say', 1);
  expect(events).toMatchObject([{ type: 'failed', error: { name: 'VersionError' } }]);
});
