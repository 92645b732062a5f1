// What waits in a storage is for the server that it was written for, and for no other.
import { afterEach, expect, test } from 'vitest';
import { serverOf } from '../../../src/client/storage/server-name.js';
import { memoryDisk } from '../../../src/client/storage/memory.js';
import type { Disk, SessionRow } from '../../../src/client/storage/disk.js';
import { storageOn } from '../../../src/client/storage/storage-on.js';
import { serve } from '../../../src/server/rooms/serve.js';
import {
  createTestRealtime,
  type TestRealtime,
  type TestUser,
  type TestUserOptions,
} from '../../../src/testing/index.js';

type Url = string | (() => string | Promise<string>);

const worlds: TestRealtime[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});

/** A server of its own, and pages that connect to it under an address, all on one disk. */
function server(disk: Disk, name?: string) {
  const heard: unknown[] = [];
  const world = createTestRealtime({
    clock: 'virtual',
    rooms: [
      serve('line', {
        on: {
          say({ data }) {
            heard.push(data);
          },
        },
      }),
    ],
  });
  worlds.push(world);
  return {
    heard,
    world,
    page(
      url: Url,
      { offline = false, token }: { readonly offline?: boolean; readonly token?: () => Promise<string> } = {},
    ): TestUser {
      const storage = storageOn(() => Promise.resolve(disk), name);
      const page = world.user({ id: 'ada' }, {
        url,
        ...(token && { token }),
        connect: false,
        outbox: { storage },
      } as unknown as TestUserOptions);
      if (offline) page.network.cut();
      page.client.connect();
      return page;
    },
  };
}

const say = (page: TestUser, ...data: readonly string[]): void => {
  for (const it of data)
    page.client
      .room('line')
      .send('say', it)
      .catch(() => undefined);
};
/** Closes a client whose messages wait: they stay on disk for the next one. */
async function leave(world: TestRealtime, page: TestUser): Promise<void> {
  await world.advance(5_000);
  page.client.close();
  await world.advance(1_000);
}

test.each([
  ['of another host', 'wss://other.example/realtime'],
  ['of another port', 'wss://one.example:8443/realtime'],
  ['at another path', 'wss://one.example/staging'],
  ['without encryption', 'ws://one.example/realtime'],
])('a server %s is told nothing, and the one that it was written for is told once', async (_name, url) => {
  const disk = memoryDisk();
  const one = server(disk);
  const first = one.page('wss://one.example/realtime?token=1', { offline: true });
  say(first, 'a', 'b');
  await leave(one.world, first);

  const other = server(disk);
  const second = other.page(url);
  say(second, 'c');
  await other.world.advance(180_000);
  expect(other.heard).toEqual(['c']);
  await leave(other.world, second);

  one.page('https://one.example/realtime/?token=2');
  await one.world.advance(180_000);
  expect(one.heard).toEqual(['a', 'b']);
});

test('what a tab left behind is not delivered beside the messages of a page at another server', async () => {
  const disk = memoryDisk();
  const one = server(disk);
  const [first, second] = [one.page('wss://one.example/'), one.page('wss://one.example/')];
  // Whose they are is known once they were connected.
  await one.world.advance(1_000);
  first.network.cut();
  second.network.cut();
  say(first, 'a');
  say(second, 'b');
  await leave(one.world, first);
  await leave(one.world, second);
  const other = server(disk);
  const third = other.page('wss://other.example/');
  await other.world.advance(300_000);
  expect(other.heard).toEqual([]);
  await leave(other.world, third);
  one.page('wss://one.example/');
  await one.world.advance(300_000);
  expect([...one.heard].map(String).toSorted((x, y) => x.localeCompare(y))).toEqual(['a', 'b']);
});

test('a name that the app gives its server counts instead of the address', async () => {
  const disk = memoryDisk();
  const one = server(disk, 'live');
  const first = one.page('wss://eu.example/', { offline: true });
  say(first, 'a');
  await leave(one.world, first);
  const same = server(disk, 'live');
  same.page('wss://us.example/');
  await same.world.advance(5_000);
  expect(same.heard).toEqual(['a']);
});

test('an address that takes its time: what is said meanwhile is kept, under a session that is of no server yet', async () => {
  const disk = memoryDisk();
  const one = server(disk);
  const first = one.page('wss://one.example/', { offline: true });
  say(first, 'a');
  await leave(one.world, first);

  let answer: (url: string) => void = () => undefined;
  const late = server(disk);
  const second = late.page(
    () =>
      new Promise<string>((resolve) => {
        answer = resolve;
      }),
  );
  say(second, 'b');
  await late.world.advance(2_000);
  const rows: readonly SessionRow[] = await disk.sessions();
  const kept = await Promise.all(
    rows.map(async ({ key, server: its }) => [its, (await disk.messages(key)).length]),
  );
  expect(kept).toContainEqual([undefined, 1]);
  answer('wss://other.example/');
  await late.world.advance(180_000);
  expect(late.heard).toEqual(['b']);
  expect((await disk.sessions()).map(({ server: its }) => its)).toContain('wss://other.example');
});

test('a token that takes its time: the session of the page before is taken all the same, and the order is kept', async () => {
  const disk = memoryDisk();
  const one = server(disk);
  const first = one.page('wss://one.example/', { offline: true });
  say(first, 'a');
  await leave(one.world, first);
  const second = one.page(() => 'wss://one.example/', {
    token: () =>
      new Promise((resolve) => {
        one.world.clock.after(8_000, () => {
          resolve('ada');
        });
      }),
  });
  await one.world.advance(100);
  say(second, 'b');
  await one.world.advance(60_000);
  expect([one.heard, (await disk.sessions()).length]).toEqual([['a', 'b'], 1]);
});

test('a session that an older version left, which says no server, is delivered to the first that comes', async () => {
  const disk = memoryDisk();
  const one = server(disk);
  const first = one.page('wss://one.example/', { offline: true });
  say(first, 'a');
  await leave(one.world, first);
  for (const row of await disk.sessions()) await disk.write(row.key, { row: { ...row, server: undefined } });
  const other = server(disk);
  other.page('wss://other.example/');
  await other.world.advance(5_000);
  expect(other.heard).toEqual(['a']);
});

test.each([
  ['wss://a.example/realtime?token=secret#x', 'wss://a.example/realtime'],
  ['https://a.example/realtime/', 'wss://a.example/realtime'],
  ['ws://a.example:80/', 'ws://a.example'],
])('the server at %s is %s', (url, expected) => {
  expect(serverOf(url)).toBe(expected);
});
