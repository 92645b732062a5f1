// A client in the hands of a hostile server: it lived with a good one before, and goes back to it.
import { expect } from 'vitest';
import { json, type Codec } from '../../../src/protocol/codec.js';
import type { ServerFrame } from '../../../src/protocol/frames.js';
import { defaultLimits } from '../../../src/protocol/limits.js';
import { serve } from '../../../src/server/rooms/serve.js';
import { seededRandom, testDigest } from '../../../src/testing/random.js';
import { createTestRealtime, type TestRealtime } from '../../../src/testing/world.js';
import { fakeServer, type FakeServer } from '../server/fake-server.js';
import { welcome } from './run.js';

const roomIds = ['lobby', 'other'] as const;
/** The highest count that is one. */
export const most = Number.MAX_SAFE_INTEGER;

/** The world of the test that runs. */
export let world: TestRealtime = createTestRealtime({ rooms: [] });

export const makeWorld = (ids: readonly string[]): TestRealtime =>
  (world = createTestRealtime({
    rooms: ids.map((id) => serve(id, { history: { limit: 1_000 }, presence: true })),
    clock: 'virtual',
  }));

/** The member that the good server makes of the session that said hello last. */
const memberOf = ({ link }: FakeServer): string =>
  testDigest(JSON.stringify(['ada', link.of('hello')[0]?.session])).slice(0, 16);

/** Says what a good server would say, so far. */
export async function pretend(
  server: FakeServer,
  greeting: Parameters<typeof welcome>[0] = {},
  joined = true,
): Promise<void> {
  const { link } = server;
  link.open();
  await world.advance(0);
  link.say(welcome({ member: memberOf(server), user: { id: 'ada' }, time: world.clock.now(), ...greeting }));
  await world.advance(0);
  if (joined)
    for (const { room, position } of link.of('join'))
      if (position)
        link.say({
          type: 'joined',
          room,
          position,
          recovered: true,
          why: null,
          messages: [],
          members: [],
          last: 1,
          more: false,
        });
  await world.advance(10);
}

/** A client that lived with a good server, with messages of its own and of others in two rooms, and is with a hostile one now. */
export async function captured({
  codec = json(),
  joined = true,
  greeting = {},
}: {
  readonly codec?: Codec;
  readonly joined?: boolean;
  readonly greeting?: Parameters<typeof welcome>[0];
} = {}) {
  makeWorld(roomIds);
  const { network } = world.user({ id: 'ada' }, { connect: false });
  const bob = world.user({ id: 'bob' }).client;
  const server = fakeServer({
    codec,
    clock: world.clock,
    elsewhere: network.connect,
    token: 'ada',
    random: seededRandom(5),
  });
  const { client } = server;
  server.there = false;
  client.connect();
  const settled = new Map<unknown, unknown[]>();
  const say = (data: unknown): void => {
    for (const id of roomIds) {
      const key = `${id} ${String(data)}`;
      settled.set(key, []);
      const note = (outcome: unknown): unknown => settled.get(key)?.push(outcome);
      client
        .room(id)
        .send('post', data)
        .then(
          ({ offset }) => note(offset),
          ({ code }: { readonly code: string }) => note(code),
        );
    }
  };
  for (const id of roomIds) {
    client.room(id);
    client.handle(id).retainList('*', 100);
    void bob.room(id).send('post', 'by bob');
  }
  say('before');
  await world.advance(2_000);
  server.there = true;
  network.drop();
  await world.advance(1_000);
  const { link } = server;
  say('while hostile');
  await pretend(server, greeting, joined);

  const logOf = async (id: string): Promise<unknown[]> => {
    const page = await world.server.settings.broker.read(id, { before: null, limit: 1_000 });
    return 'entries' in page ? page.entries.map((entry) => entry[8]) : [];
  };
  const listOf = (id: string): unknown[] =>
    client.store
      .getState()
      .rooms[id]?.lists['*']?.messages.flatMap(({ data, status }) => (status === 'failed' ? [] : [data])) ??
    [];
  return {
    server,
    client,
    link,
    settled,
    listOf,
    logOf,
    status: () => client.store.getState().connection,
    /** Back to the good server, for long enough. */
    async rescue(): Promise<void> {
      server.there = false;
      server.link.close(1006);
      client.connect();
      await world.advance(60_000);
      say('after');
      await world.advance(5_000);
    },
    /** What must be true of it afterwards, whatever the hostile server did; `refused`: own messages that it may have told of in a way that is final. */
    async intact(refused: readonly string[] = []): Promise<void> {
      expect(server.errors).toEqual([]);
      expect(({} as { x?: unknown }).x).toBeUndefined();
      for (const id of roomIds) {
        const log = await logOf(id);
        if (client.room(id).status === 'joined') expect(listOf(id), `the list of ${id}`).toEqual(log);
        for (const data of ['before', 'while hostile', 'after']) {
          const outcomes = settled.get(`${id} ${data}`);
          const count = log.filter((it) => it === data).length;
          expect(outcomes, `${id} ${data} is settled once`).toHaveLength(1);
          if (refused.includes(String(outcomes?.[0]))) expect(count, `${id} ${data}`).toBeLessThanOrEqual(1);
          else expect([typeof outcomes?.[0], count], `${id} ${data}`).toEqual(['number', 1]);
        }
      }
      expect(client.store.getState().outbox.pending).toEqual([]);
    },
  };
}

/** An entry of a log that is none. */
export const entry = (offset: number, fields: Partial<Record<1 | 2 | 3, string>> = {}) =>
  [
    offset,
    fields[1] ?? `h${offset}`,
    fields[2] ?? `h${offset - 1}`,
    fields[3] ?? `hostile ${offset}`,
    0,
    null,
    'post',
    1,
    'hostile',
  ] as const;

/** One of each. */
export const examples: readonly ServerFrame[] = [
  { type: 'ping', time: 1 },
  { type: 'pong', time: 1 },
  {
    type: 'welcome',
    member: 'm',
    heartbeat: [1, 2],
    limits: defaultLimits,
    time: 1,
    node: 'n',
    expires: 5,
    user: { id: 'u' },
  },
  {
    type: 'joined',
    room: 'lobby',
    position: ['e', 0, ''],
    recovered: false,
    why: 'epoch',
    messages: [entry(1)],
    members: [['m', null, { a: 1 }]],
    last: 3,
    more: true,
  },
  { type: 'left', room: 'lobby', code: null },
  { type: 'ack', room: 'lobby', epoch: 'e', receipts: [[7, 2, 3, false, { r: 1 }]] },
  { type: 'nack', room: 'lobby', seq: 7, code: 'rejected', after: 5, reason: 'r', details: { d: 1 } },
  { type: 'message', room: 'lobby', entry: entry(9) },
  { type: 'broadcast', room: 'lobby', sender: ['m', null], message: 'm', version: 1, data: 1 },
  { type: 'presence', room: 'lobby', joined: [['m', null, null]], left: ['x'], changed: [['y', { a: 1 }]] },
  { type: 'history', ref: 1, messages: [entry(1)], more: false },
  { type: 'lag', room: 'lobby' },
  { type: 'reset', room: 'lobby', why: 'rewound' },
  { type: 'auth', expires: null },
  { type: 'expiring', within: 50_000 },
  { type: 'goaway', within: 50_000 },
  { type: 'error', ref: 'lobby', code: 'rejected', reason: 'no' },
];
