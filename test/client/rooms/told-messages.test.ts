// A log that is lost gets again what its senders still hold. Handlers of the server may know it, and a page is told of each message once.
import { expect, test } from 'vitest';
import { createToldMessages } from '../../../src/client/rooms/told-messages.js';
import type { Message } from '../../../src/client/machine/model/message.js';
import { serve } from '../../../src/server/rooms/serve.js';
import { createTestRealtime } from '../../../src/testing/index.js';
import { joinedFrame, machine, outgoing, welcome } from '../../support/machine/run.js';

const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Ada speaks and Bob listens, and each notes what is told. `ran`: what the handler ran for, and whether it was said to be a repeat. */
async function setup() {
  const ran: (readonly [unknown, boolean])[] = [];
  const world = createTestRealtime({
    rooms: [
      serve('lobby', {
        on: {
          m: ({ data, replayed }) => {
            ran.push([data, replayed]);
          },
        },
      }),
    ],
    clock: 'virtual',
    server: { logger },
  });
  const page = (id: string) => {
    const user = world.user({ id }, { logger });
    const room = user.client.room('lobby');
    const heard: unknown[] = [];
    room.on('m', ({ data }) => heard.push(data));
    return { ...user, room, heard };
  };
  const [ada, bob] = [page('ada'), page('bob')];
  await world.advance(1_000);
  const say = async (...data: readonly unknown[]): Promise<void> => {
    const sent = Promise.all(data.map((it) => ada.room.send('m', it)));
    await world.advance(1_000);
    await sent;
  };
  return { world, ran, ada, bob, say };
}

const first = (...data: readonly unknown[]) => data.map((it) => [it, false]);
const again = (...data: readonly unknown[]) => data.map((it) => [it, true]);

test('a restart of the default server: handlers run again and know it, and no page is told twice, not its sender either', async () => {
  const { world, ran, ada, bob, say } = await setup();
  await say('a', 'b', 'c');
  await world.restartServer();
  await world.advance(60_000);
  expect(ran).toEqual([...first('a', 'b', 'c'), ...again('a', 'b', 'c')]);
  expect([ada.heard, bob.heard]).toEqual([
    ['a', 'b', 'c'],
    ['a', 'b', 'c'],
  ]);
  await say('d');
  expect(ran.at(-1)).toEqual(['d', false]);
  expect([ada.heard, bob.heard]).toEqual([
    ['a', 'b', 'c', 'd'],
    ['a', 'b', 'c', 'd'],
  ]);
  await world.close();
});

test('a second restart: what was told before the first is not told again either', async () => {
  const { world, bob, say } = await setup();
  await say('a');
  await world.restartServer();
  await world.advance(10_000);
  await say('b');
  await world.restartServer();
  await world.advance(10_000);
  expect(bob.heard).toEqual(['a', 'b']);
  await world.close();
});

test('a page that missed a message is told of it where it comes again', async () => {
  const { world, bob, say } = await setup();
  await say('a');
  bob.network.cut();
  await say('b');
  await world.restartServer();
  bob.network.restore();
  await world.advance(60_000);
  expect(bob.heard.filter((it) => it === 'a')).toEqual(['a']);
  expect(new Set(bob.heard).size).toBe(bob.heard.length);
  await say('c');
  expect(bob.heard.at(-1)).toBe('c');
  await world.close();
});

test('a restart of a server whose log is kept elsewhere: no handler runs again', async () => {
  const { world, ran, bob, say } = await setup();
  await say('a');
  await world.restartServer({ keepLog: true });
  await world.advance(60_000);
  await say('b');
  expect([ran, bob.heard]).toEqual([first('a', 'b'), ['a', 'b']]);
  await world.close();
});

test('a message whose answer was lost is known by the server: its handler does not run again', async () => {
  const { world, ran, ada } = await setup();
  ada.network.stall('down');
  const sent = ada.room.send('m', 'a');
  await world.advance(1_000);
  ada.network.drop();
  ada.network.restore();
  await world.advance(20_000);
  expect(await sent).toMatchObject({ duplicate: true });
  expect(ran).toEqual(first('a'));
  await world.close();
});

test('the first time that a message leaves it is no repeat, and each later time it is', () => {
  const it = machine().live('a').send(outgoing('x'));
  const replayed = (): unknown[] =>
    it.written().flatMap((frame) => (frame.type === 'send' ? [frame.replayed] : []));
  expect(replayed()).toEqual([false]);
  it.dispatch({ type: 'lost', attempt: it.state.attempt, code: 1006, reason: '' }).take();
  it.dispatch({ type: 'reconnect' });
  const { attempt } = it.state;
  it.dispatch({ type: 'opened', attempt, transport: 'websocket', codec: 'json', token: 't' });
  it.receive(welcome({ time: it.now }), joinedFrame('a'));
  expect(replayed()).toEqual([true]);
});

const message = (id: string, sender: string | null): Message => ({
  id,
  room: 'lobby',
  type: 'm',
  data: null,
  offset: 1,
  timestamp: 0,
  sender: sender === null ? null : { id: sender, user: null, presence: null },
});

test('sender and id name a message: the same id of another sender, or of the server, is another message', () => {
  const isNew = createToldMessages();
  expect([isNew(message('x', 'ada')), isNew(message('x', 'ada'))]).toEqual([true, false]);
  expect([isNew(message('x', 'bob')), isNew(message('x', null)), isNew(message('x', null))]).toEqual([
    true,
    true,
    false,
  ]);
});

test('a broadcast, which stands in no log, is told of each time', () => {
  const isNew = createToldMessages();
  const broadcast = { ...message('x', 'ada'), offset: null };
  expect([isNew(broadcast), isNew(broadcast), isNew(message('x', 'ada'))]).toEqual([true, true, true]);
});

test('the newest 10,000 messages of a room are remembered, and no more than 20,000', () => {
  const isNew = createToldMessages();
  for (let index = 0; index <= 20_000; index++) isNew(message(`m${index}`, 'ada'));
  expect([isNew(message('m20000', 'ada')), isNew(message('m10001', 'ada'))]).toEqual([false, false]);
  expect(isNew(message('m0', 'ada'))).toBe(true);
});

test('a message of another sender with the same id is remembered too', () => {
  const isNew = createToldMessages();
  const told = ['ada', 'bob', 'ada', 'bob'].map((sender) => isNew(message('x', sender)));
  expect(told).toEqual([true, true, false, false]);
});
