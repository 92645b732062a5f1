// Messages that are given to a broker which answers later, while the one before is on its way there.
import { expect, test } from 'vitest';
import { defineRoom, type } from '../../../src/contract/index.js';
import type { ClientFrame } from '../../../src/protocol/frames.js';
import { BrokerUnavailable, type Append, type Appended } from '../../../src/server/broker/broker.js';
import { memoryBroker } from '../../../src/server/broker/memory-broker.js';
import { serve, type ServeOptions } from '../../../src/server/rooms/serve.js';
import { rawWorld, type RawPeer, type RawWorld } from '../../support/server/raw.js';

const shop = defineRoom('shop/:id', { messages: { order: type<number>(), post: type<number>() } });
const send = (seq: number, fields: Partial<Extract<ClientFrame, { type: 'send' }>> = {}) =>
  ({
    type: 'send',
    room: 'shop/1',
    seq,
    id: `id${seq}`,
    message: 'post',
    version: 1,
    data: seq,
    follows: null,
    ...fields,
  }) as const;
const acks = (peer: RawPeer): unknown[] =>
  peer.of('ack').flatMap(({ receipts }) => receipts.map(([seq, offset]) => [seq, offset]));
const nacks = (peer: RawPeer): unknown[] => peer.of('nack').map(({ seq, code, after }) => [seq, code, after]);

interface Setup extends RawWorld {
  readonly peer: () => RawPeer;
  /** What the broker was asked, in order. */
  readonly asked: string[];
  readonly runs: number[];
  /** Whether the next appends take effect, oldest first; those beyond do. */
  readonly works: boolean[];
  /** The broker answers what it was asked so far. */
  answer(): Promise<void>;
  ada(): Promise<RawPeer>;
  logged(): Promise<unknown>;
}

/** A broker that does each thing at once, and says so when it is told to. */
function setup(options: Pick<ServeOptions<typeof shop>, 'authorize' | 'cache'> = {}): Setup {
  const asked: string[] = [];
  const runs: number[] = [];
  const works: boolean[] = [];
  let waiting: (() => void)[] = [];
  const inner = memoryBroker();
  const later = <T>(value: T | Error): Promise<T> =>
    new Promise((resolve, reject) => {
      waiting.push(() => {
        if (value instanceof Error) reject(value);
        else resolve(value);
      });
    });
  const world = rawWorld({
    broker: {
      ...inner,
      append(it: Append) {
        asked.push(`append ${it.seq}`);
        return later<Appended>(
          works.shift() === false ? new BrokerUnavailable('away') : (inner.append(it) as Appended),
        );
      },
      refuse(room, producer, seq, id, refusal) {
        asked.push(`refuse ${seq}`);
        void inner.refuse(room, producer, seq, id, refusal);
        return later(undefined);
      },
      publish(room, event) {
        asked.push('publish');
        inner.publish(room, event);
      },
    },
    rooms: [
      serve(shop, {
        ...options,
        on: {
          order({ data }) {
            runs.push(data);
          },
        },
      }),
    ],
  });
  return {
    ...world,
    asked,
    runs,
    works,
    async answer() {
      const now = waiting;
      waiting = [];
      for (const each of now) each();
      await world.clock.advance(0);
    },
    async ada() {
      const peer = world.peer();
      await peer.hello();
      await peer.say({ type: 'join', room: 'shop/1', position: null, history: 0, presence: null });
      return peer;
    },
    async logged() {
      const page = await inner.read('shop/1', { before: null, limit: 100 });
      return 'why' in page ? page.why : page.entries.map(([, , , id]) => id);
    },
  };
}

test('plain messages leave one behind the other, and are answered in order', async () => {
  const world = setup();
  const ada = await world.ada();
  await ada.say(send(1), send(2), send(3));
  expect(world.asked).toEqual(['append 1', 'append 2', 'append 3']);
  expect(acks(ada)).toEqual([]);
  await world.answer();
  expect(acks(ada)).toEqual([
    [1, 1],
    [2, 2],
    [3, 3],
  ]);
});

test('they do so too where an answer of authorize still counts for them', async () => {
  const world = setup({ authorize: () => true, cache: 60_000 });
  const ada = await world.ada();
  await ada.say(send(1), send(2), send(3));
  expect(world.asked, 'the first is asked for').toEqual(['append 1']);
  await world.answer();
  await world.answer();
  await ada.say(send(4), send(5));
  expect(world.asked).toEqual(['append 1', 'append 2', 'append 3', 'append 4', 'append 5']);
  await world.answer();
  await world.answer();
  expect(acks(ada)).toEqual([1, 2, 3, 4, 5].map((seq) => [seq, seq]));
});

test('a handler runs only for a message whose turn has come', async () => {
  const world = setup();
  const ada = await world.ada();
  await ada.say(send(1), send(2, { message: 'order' }), send(3));
  expect([world.asked, world.runs]).toEqual([['append 1'], []]);
  await world.answer();
  expect([world.asked, world.runs]).toEqual([['append 1', 'append 2'], [2]]);
  await world.answer();
  await world.answer();
  expect([acks(ada), world.runs]).toEqual([
    [
      [1, 1],
      [2, 2],
      [3, 3],
    ],
    [2],
  ]);
});

test('a refusal takes no number before the message ahead of it has its own', async () => {
  const world = setup();
  const ada = await world.ada();
  await ada.say(send(1), send(2, { message: 'nothing' }), send(3));
  expect(world.asked).toEqual(['append 1']);
  await world.answer();
  await world.answer();
  await world.answer();
  expect(world.asked).toEqual(['append 1', 'refuse 2', 'append 3']);
  expect([acks(ada), nacks(ada).length]).toEqual([
    [
      [1, 1],
      [3, 2],
    ],
    1,
  ]);
});

test('what else a client says comes after the answers to what it sent before', async () => {
  const world = setup();
  const ada = await world.ada();
  await ada.say(
    send(1),
    send(2),
    { type: 'broadcast', room: 'shop/1', message: 'post', version: 1, data: 1 },
    { type: 'leave', room: 'shop/1' },
  );
  expect(world.asked).toEqual(['append 1', 'append 2']);
  await world.answer();
  expect(world.asked).toEqual(['append 1', 'append 2', 'publish']);
  const kinds = ada.frames.map(({ type: kind }) => kind).filter((kind) => kind === 'ack' || kind === 'left');
  expect([kinds, acks(ada).length]).toEqual([['ack', 'left'], 2]);
});

test('where the first cannot be kept, those behind it are not either: one gap is told, and all are appended once', async () => {
  const world = setup();
  const ada = await world.ada();
  world.works.push(false);
  await ada.say(send(1), send(2), send(3));
  await world.answer();
  expect([acks(ada), nacks(ada)]).toEqual([[], [[2, 'gap', 0]]]);
  // The server tries the first again by itself, and whoever sends it again waits for that.
  await ada.say(send(1), send(2), send(3));
  await world.clock.advance(500);
  for (let answers = 0; answers < 3; answers++) await world.answer();
  expect(await world.logged()).toEqual(['id1', 'id2', 'id3']);
  expect(new Map(acks(ada) as [number, number][])).toEqual(
    new Map([
      [1, 1],
      [2, 2],
      [3, 3],
    ]),
  );
  expect(nacks(ada)).toHaveLength(1);
});

test('no more are on their way than a window, and a connection that ended says nothing more', async () => {
  const world = setup();
  const ada = await world.ada();
  await ada.say(...Array.from({ length: 400 }, (_, index) => send(index + 1)));
  expect(world.asked.length).toBeLessThanOrEqual(257);
  ada.events.closed(1006);
  const said = ada.frames.length;
  await world.answer();
  expect(ada.frames).toHaveLength(said);
  const back = await world.ada();
  expect(back.of('joined')[0]?.last).toBe(world.asked.length);
});

test('P7 a message that comes too fast is refused in its place: after the answers to what was sent before it', async () => {
  const inner = memoryBroker();
  let waiting: (() => void)[] = [];
  const world = rawWorld({
    rooms: [serve('lobby')],
    limits: { rate: 5 },
    broker: {
      ...inner,
      append: (it) => {
        const outcome = inner.append(it) as Appended;
        return new Promise<Appended>((resolve) => {
          waiting.push(() => {
            resolve(outcome);
          });
        });
      },
    },
  });
  const peer = world.peer();
  await peer.hello();
  await peer.say({ type: 'join', room: 'lobby', position: null, history: 0, presence: null });
  await peer.say(...Array.from({ length: 10 }, (_, at) => send(at + 1, { room: 'lobby' })));
  for (const each of waiting.splice(0)) each();
  await world.clock.advance(0);
  const order = peer.frames.flatMap((it) =>
    it.type === 'ack'
      ? it.receipts.map(([seq]) => `ack ${seq}`)
      : it.type === 'nack'
        ? [`${it.code} ${it.seq}`]
        : [],
  );
  expect(order).toEqual([...Array.from({ length: 8 }, (_, at) => `ack ${at + 1}`), 'limited 9']);
  waiting = [];
});
