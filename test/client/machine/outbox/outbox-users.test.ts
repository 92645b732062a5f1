// Whose a message is: never another user's, whatever page, tab or storage it went through.
import { afterEach, expect, test } from 'vitest';
import { memoryDisk, memoryStorage } from '../../../../src/client/storage/memory.js';
import { storageOn } from '../../../../src/client/storage/storage-on.js';
import {
  failed,
  line,
  logBy,
  make,
  outcome,
  pending,
  plain,
  say,
  senders,
  user,
  world,
} from '../../../support/machine/outbox-world.js';

afterEach(() => world.close());

test('what Bob wrote offline is never sent as Ada, though her session was the newest on disk, where the app says who is there', async () => {
  make();
  const storage = memoryStorage();
  const ada = user('ada', storage);
  ada.client.room(line);
  await world.advance(1_000);
  ada.client.close();
  await world.advance(100);
  const bob = user('bob', storage, false, { outbox: { user: () => 'bob' } });
  bob.network.cut();
  bob.client.connect();
  say(bob, 'by bob');
  await world.advance(1_000);
  const bob2 = bob.reload();
  await world.advance(1_000);
  bob2.network.restore();
  await world.advance(60_000);
  bob2.client.close();
  await world.advance(100);
  user('ada', storage);
  await world.advance(60_000);
  expect(await logBy()).toEqual([['by bob', 'bob']]);
});

test('what Ada wrote before her page was ever online is not sent as Bob, where the app says who is there', async () => {
  make();
  const storage = memoryStorage();
  const ada = user('ada', storage, false, { outbox: { user: () => 'ada' } });
  ada.network.cut();
  ada.client.connect();
  say(ada, 'by ada');
  await world.advance(1_000);
  ada.client.close();
  await world.advance(100);
  user('bob', storage, true, { outbox: { user: () => 'bob' } });
  await world.advance(60_000);
  expect(await logBy()).toEqual([]);
  user('ada', storage, true, { outbox: { user: () => 'ada' } });
  await world.advance(60_000);
  expect(await logBy()).toEqual([['by ada', 'ada']]);
});

test('the same by a courier: an orphan of nobody known is sent as whoever is there', async () => {
  make();
  const storage = memoryStorage();
  const bob = user('bob', storage);
  bob.client.room(line);
  await world.advance(1_000);
  const ada = user('ada', storage, false);
  ada.network.cut();
  ada.client.connect();
  say(ada, 'by ada');
  await world.advance(1_000);
  ada.client.close();
  bob.network.drop();
  await world.advance(60_000);
  expect(await logBy()).not.toEqual([['by ada', 'bob']]);
});

test('users that are shown to others under one id are still different users', async () => {
  make({}, { expose: () => ({ id: 'somebody' }) });
  const storage = memoryStorage();
  const ada = user('ada', storage);
  ada.client.room(line);
  await world.advance(1_000);
  const member = ada.client.store.getState().rooms['line']?.me?.id;
  ada.network.cut();
  say(ada, 'by ada');
  await world.advance(100);
  ada.client.close();
  user('bob', storage);
  await world.advance(60_000);
  expect((await senders()).filter((sender) => sender !== member)).toEqual([]);
});

test('after close and connect as another user, nothing of the first is there', async () => {
  make({
    on: {
      say: ({ data }, { reject }) => {
        if (data === 'ada secret') reject('no');
      },
    },
  });
  const disk = memoryDisk();
  let delay = 0;
  let who = 'ada';
  world.user({ id: 'bob' }, { connect: false });
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
    true,
    { token: () => who },
  );
  const room = page.client.room(line);
  await world.advance(1_000);
  const sent = outcome(room.send('say', 'ada secret'));
  await world.advance(1_000);
  expect(sent.value).toBe('rejected');
  delay = 50;
  say(page, 'last');
  await world.advance(60); // its record is being written or forgotten while …
  who = 'bob';
  page.client.close(); // … the app signs out and in
  page.client.connect();
  await world.advance(5_000);
  const mine = failed(page).map(({ data }) => data);
  for (const { id } of failed(page)) page.client.retry(id);
  await world.advance(5_000);
  expect(mine).toEqual([]);
});

test('taking another session for another user counts nothing as lost', async () => {
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
    seq: 8,
    failure: null,
  };
  await disk.write('s', { row: { key: 's', owner: 'ada', usedAt: 0 }, puts: [fine] });
  const page = user(
    'bob',
    storageOn(() => Promise.resolve(disk)),
    false,
  );
  const events: unknown[] = [];
  page.client.on('acked-lost', (event) => events.push(event));
  page.client.connect();
  page.client.room(line);
  await world.advance(5_000);
  expect(events).toEqual([]);
});

test('user change with a courier at work', async () => {
  make({
    on: {
      say: async ({ data }) => {
        if (typeof data === 'string')
          await new Promise<void>((r) => {
            world.clock.after(2_000, r);
          });
        return undefined;
      },
    },
  });
  const storage = memoryStorage();
  let who = 'ada';
  world.user({ id: 'bob' }, { connect: false });
  const gone = user('ada', storage);
  const here = user('ada', storage, true, { token: () => who });
  gone.client.room(line);
  here.client.room(line);
  await world.advance(1_000);
  gone.network.cut();
  here.network.cut();
  say(gone, 'a1', 'a2', 'a3');
  await world.advance(100);
  gone.client.close();
  here.network.restore();
  await world.advance(3_500);
  who = 'bob';
  here.client.reconnect();
  await world.advance(30_000);
  expect((await logBy()).every((it) => (it as readonly unknown[])[1] === 'ada')).toBe(true);
  expect(here.network.connections).toBe(1);
});

test('the pending messages of one user are not shown to another', async () => {
  make();
  const storage = memoryStorage();
  const ada = user('ada', storage);
  ada.client.room(line);
  await world.advance(1_000);
  ada.network.cut();
  say(ada, 'secret of ada');
  await world.advance(100);
  ada.client.close();
  const bob = user('bob', storage, false, { outbox: { user: () => 'bob' } });
  bob.network.cut();
  bob.client.connect();
  await world.advance(1_000);
  expect(pending(bob)).toEqual([]);
});

test('a user change without storage: the code says what happened', async () => {
  make();
  let who = 'ada';
  world.user({ id: 'bob' }, { connect: false });
  const page = plain('ada', { token: () => who });
  const room = page.client.room(line);
  await world.advance(1_000);
  page.network.cut();
  await world.advance(100);
  const why = room.send('say', 1).catch((error: unknown) => (error as Error).message);
  await world.advance(100);
  who = 'bob';
  page.network.restore();
  await world.advance(60_000);
  expect(await why).toBe('another user is there now');
});

test('a room that was denied to one user is asked for again by the next', async () => {
  make({ authorize: ({ user: it }) => it?.id === 'bob' });
  let who = 'ada';
  world.user({ id: 'bob' }, { connect: false });
  const page = plain('ada', { token: () => who });
  const room = page.client.room(line);
  await world.advance(1_000);
  expect(room.status).toBe('denied');
  who = 'bob';
  page.client.reconnect();
  await world.advance(60_000);
  expect(room.status).toBe('joined');
});
