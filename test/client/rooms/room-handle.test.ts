// How long a client knows a room's handle: as long as somebody uses the room or holds the handle, and no longer.
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTestRealtime, type TestRealtime } from '../../../src/testing/world.js';
import { chat, servedRooms } from '../../support/server/rooms.js';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

/** What is weakly held stays until the turn is over. */
async function collect(): Promise<void> {
  await setImmediate();
  gc();
  await setImmediate();
}

const params = { id: '1' };
let world: TestRealtime;
beforeEach(() => {
  world = createTestRealtime({ rooms: servedRooms(), clock: 'virtual' });
});
afterEach(() => world.close());

const living = (handles: readonly WeakRef<object>[]): number =>
  handles.filter((handle) => handle.deref()).length;

test('rooms that were left are forgotten with whoever held them', async () => {
  const { client } = world.user({ id: 'ada' });
  const handles = Array.from({ length: 100 }, (_, index) => {
    const room = client.room(chat, { id: `${index}` });
    room.leave();
    return new WeakRef(room);
  });
  await collect();
  expect(living(handles)).toBe(0);
});

test('a room in use is heard, though nobody holds its handle, until its last user gives it back', async () => {
  const { client } = world.user({ id: 'ada' });
  const bob = world.user({ id: 'bob' }).client.room(chat, params);
  const heard: unknown[] = [];
  const weak = (() => {
    const room = client.room(chat, params);
    client.room(chat, params);
    room.leave();
    room.on('post', ({ data }) => {
      heard.push(data);
    });
    return new WeakRef(room);
  })();
  await world.advance(100);
  await collect();
  void bob.send('post', { text: 'a' });
  await world.advance(100);
  expect(heard).toEqual([{ text: 'a' }]);
  client.room(chat, params).leave();
  await collect();
  expect(living([weak])).toBe(1);
  weak.deref()?.leave();
  await collect();
  expect(living([weak])).toBe(0);
});

test("a handle that somebody holds is the room's own, however often the room was left", async () => {
  const { client } = world.user({ id: 'ada' });
  const room = client.room(chat, params);
  room.leave();
  await world.advance(60_000);
  await collect();
  expect(client.room(chat, params)).toBe(room);
});
