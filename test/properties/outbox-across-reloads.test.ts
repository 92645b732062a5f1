// The outbox over long lives: days of silence, sizes, gaps, denials, and what nobody asked for.
import { afterEach, expect, test } from 'vitest';
import {
  desk,
  failed,
  line,
  log,
  make,
  makeDesk,
  outcome,
  pending,
  plain,
  say,
  status,
  user,
  world,
} from '../support/machine/outbox-world.js';

afterEach(() => world.close());

test('a message whose JSON is larger than estimated must be refused, not take the connection down for ever', async () => {
  make();
  const page = plain('ada');
  const room = page.client.room(line);
  await world.advance(1_000);
  const floats = Array.from({ length: 4_500 }, (_, i) => Math.sin(i + 1));
  const big = outcome(room.send('say', floats));
  const next = outcome(room.send('say', 2));
  await world.advance(30 * 60_000);
  expect(big.value).toBe('too-large');
  expect(next.value).toMatchObject({ offset: 1 });
});

test('a message queued before welcome on a server with a smaller frame limit', async () => {
  make({}, { limits: { frame: 8_192 } });
  const page = plain('ada');
  const room = page.client.room(line);
  const big = outcome(room.send('say', 'x'.repeat(20_000)));
  const next = outcome(room.send('say', 2));
  await world.advance(30 * 60_000);
  expect(big.value).toBe('too-large');
  expect(next.value).toMatchObject({ offset: 1 });
});

test('a connection that is up for more than a day: the next message still arrives', async () => {
  let runs = 0;
  make({
    on: {
      say: ({ data }) => {
        if (data === 2) runs++;
      },
    },
  });
  const page = plain('ada');
  const bob = plain('bob');
  const room = page.client.room(line);
  bob.client.room(line);
  const events: unknown[] = [];
  page.client.on('acked-lost', (event) => events.push(event));
  void room.send('say', 0);
  const one = outcome(room.send('say', 1));
  await world.advance(1_000);
  expect(one.value).toMatchObject({ offset: 2 });
  await world.advance(25 * 3_600_000);
  // Somebody else's use makes the broker sweep.
  say(bob, 'b');
  await world.advance(1_000);
  const two = outcome(room.send('say', 2));
  await world.advance(3_600_000);
  expect(two.value).toMatchObject({ duplicate: false });
  expect(runs).toBe(1);
  expect(events).toEqual([]);
});

test('a room that was silent for a day: the next message doubles no old one', async () => {
  make({ history: { limit: 1_000, ttl: 7 * 86_400_000 } });
  const page = plain('ada');
  const bob = plain('bob');
  const got: unknown[] = [];
  bob.client.room(line).on('say', ({ data }) => {
    got.push(data);
  });
  say(page, 'friday 1', 'friday 2');
  await world.advance(1_000);
  await world.advance(25 * 3_600_000);
  say(bob, 'somebody else');
  await world.advance(1_000);
  say(page, 'monday');
  await world.advance(60_000);
  expect(await log()).toEqual(['friday 1', 'friday 2', 'somebody else', 'monday']);
});

test('the same in a page that holds none of the old ones: the next message arrives', async () => {
  let runs = 0;
  make({
    on: {
      say: ({ data }) => {
        if (data === 'monday') runs++;
      },
    },
  });
  const page = user('ada');
  const bob = plain('bob');
  bob.client.room(line);
  say(page, 'friday 1', 'friday 2');
  await world.advance(1_000);
  const next = page.reload();
  const room = next.client.room(line);
  const lost: unknown[] = [];
  next.client.on('acked-lost', (e) => lost.push(e));
  await world.advance(25 * 3_600_000);
  say(bob, 'somebody else');
  await world.advance(1_000);
  const monday = outcome(room.send('say', 'monday'));
  await world.advance(3_600_000);
  expect(monday.value).toMatchObject({ duplicate: false });
  expect(runs).toBe(1);
});

test('a gap of which the server has told once is told again when its number has moved', async () => {
  let open = true;
  let finish: () => void = () => undefined;
  make({
    authorize: ({ action }) => action !== 'join' || open,
    on: {
      say: ({ data }) =>
        data === 2
          ? new Promise<undefined>((resolve) => {
              finish = () => resolve(undefined);
            })
          : undefined,
    },
  });
  const page = plain('ada');
  const room = page.client.room(line);
  await world.advance(1_000);
  void room.send('say', 1);
  const two = outcome(room.send('say', 2));
  await world.advance(1_000);
  open = false;
  page.network.drop();
  await world.advance(10_000);
  expect([room.status, two.value]).toEqual(['denied', 'in-doubt']);
  open = true;
  room.leave();
  await world.advance(100);
  const again = page.client.room(line);
  await world.advance(100);
  const three = outcome(again.send('say', 3));
  await world.advance(10_500);
  finish();
  await world.advance(3_600_000);
  expect(three.value).toMatchObject({ duplicate: false });
});

test('what was acknowledged is held two minutes, not for ever', async () => {
  make();
  const page = plain('ada');
  page.client.room(line);
  say(page, 'old');
  await world.advance(3_600_000);
  await world.restartServer({ keepLog: false });
  await world.advance(60_000);
  expect(await log()).toEqual([]);
});

test('nor a small limit, with drop-oldest', async () => {
  let open = false;
  make({
    on: {
      say: (_m, { reject }) => {
        if (!open) reject('no');
      },
    },
  });
  const page = plain('ada', { outbox: { limit: 10, overflow: 'drop-oldest' } });
  const room = page.client.room(line);
  await world.advance(1_000);
  for (let i = 0; i < 10; i++) void room.send('say', i);
  await world.advance(10_000);
  open = true;
  const next = outcome(room.send('say', 'small'));
  await world.advance(5_000);
  expect(next.value).toMatchObject({ duplicate: false });
});

test('retry in a room that was denied tries again, or fails again', async () => {
  let open = false;
  make({ authorize: ({ action }) => action !== 'join' || open });
  const page = plain('ada');
  const room = page.client.room(line);
  const sent = outcome(room.send('say', 1));
  await world.advance(1_000);
  expect([sent.value, failed(page).length]).toEqual(['denied', 1]);
  open = true;
  page.client.retry(failed(page)[0]?.id ?? '');
  await world.advance(60_000);
  page.network.drop();
  await world.advance(60_000);
  expect([pending(page), failed(page).length, await log()]).not.toEqual([[1], 0, []]);
});

test('a message that was refused is not counted as acknowledged and lost', async () => {
  make({ on: { say: (_m, { reject }) => reject('no') } });
  const page = plain('ada');
  const room = page.client.room(line);
  const events: unknown[] = [];
  page.client.on('acked-lost', (event) => events.push(event));
  await world.advance(1_000);
  const sent = outcome(room.send('say', 1));
  await world.advance(1_000);
  expect(sent.value).toBe('rejected');
  page.client.discard(failed(page)[0]?.id ?? '');
  await world.advance(100);
  await world.restartServer({ keepLog: false });
  await world.advance(60_000);
  expect(events).toEqual([]);
});

test('reconnect() after close() listens to the browser again', async () => {
  make();
  const page = plain('ada');
  await world.advance(1_000);
  page.client.close();
  page.client.reconnect();
  await world.advance(1_000);
  expect(status(page)).toBe('connected');
  page.signal('pagehide');
  await world.advance(1_000);
  expect(status(page)).toBe('reconnecting');
});

test('a presence that is too large does not cost the room at the next reconnect', async () => {
  makeDesk();
  const page = plain('ada');
  const errors: string[] = [];
  page.client.on('error', (e) => errors.push(e.code));
  const room = page.client.room(desk);
  await world.advance(1_000);
  expect(() => {
    room.setPresence({ note: 'x'.repeat(5_000) });
  }).toThrow(/the server takes 4096/);
  await world.advance(1_000);
  expect([room.status, errors]).toEqual(['joined', []]);
  page.network.cut();
  await world.advance(1_000);
  const sent = outcome(room.send('say', 1));
  page.network.restore();
  await world.advance(60_000);
  expect(room.status).toBe('joined');
  expect(sent.value).toMatchObject({ duplicate: false });
});

test('a presence larger than a frame does not take the connection down for ever', async () => {
  makeDesk();
  const page = plain('ada');
  const room = page.client.room(desk);
  await world.advance(1_000);
  try {
    room.setPresence({ note: 'x'.repeat(70_000) });
  } catch {
    return;
  }
  void page.client.room(line).send('say', 1);
  await world.advance(600_000);
  expect(status(page)).toBe('connected');
  expect(page.network.opened).toBeLessThan(5);
});

test('progress ends when the backlog has', async () => {
  make();
  const page = plain('ada');
  const room = page.client.room(line);
  await world.advance(1_000);
  page.network.cut();
  page.network.latency(20);
  await world.advance(100);
  for (let i = 0; i < 300; i++) void room.send('say', i, i === 299 ? { ttl: 60_000 } : {});
  await world.advance(100);
  const last = page.client.store.getState().outbox.pending.at(-1)?.id ?? '';
  page.network.restore();
  while (status(page) !== 'connected') await world.advance(1);
  await world.advance(5);
  page.client.discard(last);
  await world.advance(600_000);
  const { progress } = page.client.store.getState().outbox;
  expect(progress).toBe(null);
});

test('a message in a denied room does not end as pending for ever after a user is back in it', async () => {
  // the component stays mounted: the room is denied, then allowed, and the app reconnects
  let open = false;
  make({ authorize: ({ action }) => action !== 'join' || open });
  const page = plain('ada');
  const room = page.client.room(line);
  await world.advance(1_000);
  expect(room.status).toBe('denied');
  open = true;
  page.client.reconnect();
  await world.advance(60_000);
  expect(room.status).toBe('joined');
});

test('a handler that never ends in one room: reconnecting leaves the other room usable, close settles', async () => {
  makeDesk({ on: { say: () => new Promise(() => undefined) } });
  const page = user('ada');
  const hung = outcome(page.client.room(desk).send('say', 1));
  await world.advance(30_000);
  page.network.drop();
  await world.advance(5_000);
  const other = outcome(page.client.room(line).send('say', 2));
  await world.advance(30_000);
  expect(other.value).toMatchObject({ duplicate: false });
  page.client.close();
  await world.advance(100);
  expect(hung.value).toBe('in-doubt');
});

test('a message in doubt that the log then shows has not failed', async () => {
  let open = true;
  let finish: () => void = () => undefined;
  make({
    authorize: ({ action }) => action !== 'join' || open,
    on: {
      say: ({ data }) =>
        data === 2
          ? new Promise<undefined>((resolve) => {
              finish = () => resolve(undefined);
            })
          : undefined,
    },
  });
  const page = plain('ada');
  const room = page.client.room(line);
  await world.advance(1_000);
  void room.send('say', 2);
  await world.advance(1_000);
  open = false;
  page.network.drop();
  await world.advance(10_000);
  open = true;
  room.leave();
  await world.advance(100);
  page.client.room(line);
  await world.advance(1_000);
  finish();
  await world.advance(60_000);
  const before = failed(page).map((f) => f.data);
  for (const { id } of failed(page)) page.client.retry(id);
  await world.advance(60_000);
  expect(before).toEqual([]);
});
