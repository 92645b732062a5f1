// What the devtools see of a client, and the faults that they make.
import { afterEach, expect, test } from 'vitest';
import { defineRoom, type } from '../../src/contract/index.js';
import { changesBetween } from '../../src/devtools/recording/changes.js';
import { toText } from '../../src/devtools/recording/format.js';
import { record, type Recorder } from '../../src/devtools/recording/recorder.js';
import { reduxDevtools } from '../../src/devtools/redux.js';
import { createTestRealtime, serve, type TestRealtime } from '../../src/testing/index.js';

const chat = defineRoom('chat/:id', { messages: { post: type<string>() } });

interface Setup {
  readonly world: TestRealtime;
  readonly ada: ReturnType<TestRealtime['user']>;
  readonly recorder: Recorder;
  readonly heard: string[];
  readonly tokens: () => number;
}

const open: TestRealtime[] = [];
afterEach(async () => {
  for (const world of open.splice(0)) await world.close();
});

async function setup(): Promise<Setup> {
  const world = createTestRealtime({ rooms: [serve(chat)], clock: 'virtual' });
  open.push(world);
  let tokens = 0;
  const ada = world.user({ id: 'ada' });
  const bob = world.user({ id: 'bob' });
  const recorder = record(ada.client, world.clock);
  const heard: string[] = [];
  ada.client.store.subscribe(({ connection }, before) => {
    if (connection !== before.connection && connection.status === 'connected') tokens++;
  });
  ada.client.room(chat, { id: '1' });
  bob.client.room(chat, { id: '1' }).on('post', ({ data }) => {
    heard.push(data);
  });
  await world.advance(1_000);
  return { world, ada, recorder, heard, tokens: () => tokens };
}

const status = ({ ada }: Setup): string => ada.client.store.getState().connection.status;

test('events are recorded by name with the state before and after, and frames both ways', async () => {
  const { world, ada, recorder } = await setup();
  const { moments, lines, spans } = recorder.recording();
  expect(moments.map(({ event }) => event.type)).toEqual(
    expect.arrayContaining(['retain', 'opened', 'received']),
  );
  const opened = moments.find(({ event }) => event.type === 'opened');
  expect([opened?.before.connection.status, opened?.after.connection.status]).toEqual([
    'opening',
    'greeting',
  ]);
  expect(lines.map(({ direction, frame }) => `${direction} ${frame.type}`)).toEqual([
    'out hello',
    'out join',
    'in welcome',
    'in joined',
    'out ping',
    'in pong',
  ]);
  expect(spans.map(({ state }) => state.status)).toEqual(expect.arrayContaining(['connected']));

  const sent = ada.client.room(chat, { id: '1' }).send('post', 'hello');
  await world.advance(1_000);
  await sent;
  expect(
    recorder
      .recording()
      .lines.slice(-3)
      .map(({ direction, frame }) => `${direction} ${frame.type}`)
      .toSorted(),
  ).toEqual(['in ack', 'in message', 'out send']);
});

test('once it is stopped it records nothing, and the client goes on', async () => {
  const it = await setup();
  it.recorder.stop();
  const before = it.recorder.recording().moments.length;
  const sent = it.ada.client.room(chat, { id: '1' }).send('post', 'hello');
  await it.world.advance(1_000);
  await expect(sent).resolves.toMatchObject({ offset: 1 });
  expect(it.recorder.recording().moments).toHaveLength(before);
});

test('no more is kept than fits', async () => {
  const it = await setup();
  const room = it.ada.client.room(chat, { id: '1' });
  for (let round = 0; round < 30; round++) {
    for (let index = 0; index < 50; index++) void room.send('post', 'x');
    await it.world.advance(1_000);
  }
  const { moments, lines } = it.recorder.recording();
  expect([moments.length <= 500, lines.length]).toEqual([true, 1_000]);
});

test('a cut is one: the client comes back by itself', async () => {
  const it = await setup();
  it.recorder.faults.cut();
  await it.world.advance(0);
  expect(status(it)).toBe('reconnecting');
  await it.world.advance(10_000);
  expect(status(it)).toBe('connected');
  expect(it.ada.network.connections).toBe(1);
});

test('while it is stalled nothing passes and nobody knows; afterwards what was held back does', async () => {
  const it = await setup();
  it.recorder.faults.stall(true);
  const sent = it.ada.client.room(chat, { id: '1' }).send('post', 'late');
  await it.world.advance(2_000);
  expect([status(it), it.heard]).toEqual(['connected', []]);
  it.recorder.faults.stall(false);
  await it.world.advance(1_000);
  await expect(sent).resolves.toMatchObject({ offset: 1, duplicate: false });
  expect(it.heard).toEqual(['late']);
});

test('a stall that lasts is found by the heartbeat', async () => {
  const it = await setup();
  it.recorder.faults.stall(true);
  await it.world.advance(40_000);
  expect(status(it)).toBe('reconnecting');
  it.recorder.faults.stall(false);
  await it.world.advance(40_000);
  expect(status(it)).toBe('connected');
});

test('an acknowledgement that is lost is of a message that is sent again, and known', async () => {
  const it = await setup();
  it.recorder.faults.loseAck();
  const sent = it.ada.client.room(chat, { id: '1' }).send('post', 'once');
  await it.world.advance(10_000);
  await expect(sent).resolves.toMatchObject({ duplicate: true });
  expect([it.heard, it.recorder.faults.losing]).toEqual([['once'], false]);
});

test('an expired token is asked for anew', async () => {
  const it = await setup();
  it.recorder.faults.expireToken();
  await it.world.advance(10_000);
  expect([status(it), it.tokens()]).toEqual(['connected', 2]);
  expect(
    it.recorder.recording().moments.some(({ event }) => event.type === 'lost' && event.code === 4401),
  ).toBe(true);
});

test('keys and tokens are not written out', async () => {
  const it = await setup();
  const { session } = it.recorder.inspection.state();
  const text = toText([it.recorder.recording().moments, it.recorder.recording().lines]);
  expect(text).toContain('•••');
  expect(text).not.toContain(session.key);
  expect(text).not.toContain(session.instance);
});

test('what an event changed is told by path', () => {
  const before = { a: 1, rooms: new Map([['r', { seq: 1, list: [1] }]]), same: { deep: {} } };
  const after = {
    ...before,
    a: 2,
    rooms: new Map([
      ['r', { seq: 2, list: [1, 2] }],
      ['s', { seq: 0, list: [] }],
    ]),
  };
  expect(changesBetween(before, after)).toEqual([
    { path: 'a', before: 1, after: 2 },
    { path: 'rooms.r.seq', before: 1, after: 2 },
    { path: 'rooms.r.list', before: [1], after: [1, 2] },
    { path: 'rooms.s', before: undefined, after: { seq: 0, list: [] } },
  ]);
});

test('the Redux DevTools get the store, and the events that changed it, without secrets', async () => {
  const sent: unknown[] = [];
  const states: unknown[] = [];
  const extension = {
    connect: () => ({
      init: (state: unknown) => {
        states.push(state);
      },
      send: (action: unknown, state: unknown) => {
        sent.push(action);
        states.push(state);
      },
    }),
  };
  (globalThis as { __REDUX_DEVTOOLS_EXTENSION__?: unknown }).__REDUX_DEVTOOLS_EXTENSION__ = extension;
  try {
    const it = await setup();
    const stop = reduxDevtools(it.ada.client);
    it.recorder.faults.cut();
    await it.world.advance(10_000);
    expect(states.at(-1)).toBe(it.ada.client.store.getState());
    expect(JSON.stringify(sent)).toContain('"type":"lost"');
    expect(JSON.stringify(sent)).not.toContain(it.recorder.inspection.state().session.key);
    const { length } = sent;
    stop();
    it.recorder.faults.cut();
    await it.world.advance(10_000);
    expect(sent).toHaveLength(length);
  } finally {
    delete (globalThis as { __REDUX_DEVTOOLS_EXTENSION__?: unknown }).__REDUX_DEVTOOLS_EXTENSION__;
  }
});

test('without the extension there is nothing to do', async () => {
  const it = await setup();
  expect(reduxDevtools(it.ada.client)()).toBeUndefined();
});
