// One room has one name, whatever escapes an id may hold, and an id may be as long as people write.
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineRoom } from '../../../src/contract/define-room.js';
import { json } from '../../../src/protocol/codec.js';
import { isRoomId } from '../../../src/protocol/checks.js';
import { msgpack } from '../../../src/protocol/msgpack.js';
import { serve } from '../../../src/server/rooms/serve.js';
import { createTestRealtime } from '../../../src/testing/index.js';
import { rawWorld } from '../../support/server/raw.js';

const team = defineRoom('team/:id');
const admin = defineRoom('admin/:id');
const any = defineRoom(':kind/:id');

/** Other names of `team/red` and `admin/1`, by escapes of each kind. */
const aliases = [
  'team/%72ed',
  'team/r%65d',
  'team/%72%65%64',
  'team/%52ed',
  '%74eam/red',
  'admin/%31',
  '%61dmin/1',
  '%61dmin%2f1',
];
const rooms = [
  serve(team, { authorize: ({ params }) => params.id === 'red' }),
  serve(admin, { authorize: () => false }),
];

describe.each([json(), msgpack()])('over $name', (codec) => {
  test.each([
    ['patterns', rooms],
    ['patterns, and one behind them that fits as well', [...rooms, serve(any)]],
    ["patterns, and '*' behind them", [...rooms, serve('*')]],
    ["'*' alone", [serve('*')]],
  ] as const)('T31 P40 other names of a room are denied, with %s', async (_name, served) => {
    const world = rawWorld({ rooms: served });
    const peer = world.peer(codec);
    await peer.hello();
    for (const room of aliases)
      await peer.say({ type: 'join', room, position: null, history: 0, presence: null });
    expect(peer.of('joined')).toEqual([]);
    expect(peer.of('error').map(({ ref, code }) => [ref, code])).toEqual(
      aliases.map((room) => [room, 'denied']),
    );
  });
});

test("T31 P40 a character that a parameter escapes makes no second name, with '*' behind it neither", async () => {
  const world = rawWorld({ rooms: [serve(team, { authorize: () => false }), serve('*')] });
  const peer = world.peer();
  await peer.hello();
  for (const room of ['team/a:b', 'team/a%3Ab', 'team/a%3ab', 'other/a:b'])
    await peer.say({ type: 'join', room, position: null, history: 0, presence: null });
  expect(peer.of('joined').map(({ room }) => room)).toEqual(['other/a:b']);
});

test('T31 the server does not speak under another name of its room', async () => {
  const world = rawWorld({ rooms: [serve('team/red'), serve('*')] });
  await expect(world.core.room('team/%72ed').send('m', 1)).rejects.toMatchObject({ code: 'denied' });
  await expect(world.core.room('team/red').send('m', 1)).resolves.toMatchObject({ offset: 1 });
});

test.each([
  ['日'.repeat(123), '日'.repeat(124)],
  ['x'.repeat(123), 'x'.repeat(124)],
  ['🙂'.repeat(123), '🙂'.repeat(124)],
  ["'".repeat(123), "'".repeat(124)],
])('T7 an id has 128 characters as it was written: team/%s', (most, more) => {
  expect(isRoomId(team.id({ id: most }))).toBe(true);
  expect(team.match(team.id({ id: most }))).toEqual({ id: most });
  expect(() => team.id({ id: more })).toThrow('at most 128 characters');
  expect(isRoomId(team.longId({ id: more }))).toBe(false);
});

test('T7 bytes that are no characters count as bytes, 512 at most', () => {
  expect([isRoomId(`a${'%80'.repeat(511)}`), isRoomId(`a${'%80'.repeat(512)}`)]).toEqual([true, false]);
  expect(isRoomId('x'.repeat(2_000_000))).toBe(false);
});

test('P40 a client joins a room of 14 Japanese characters and more, and never asks for one that is too long', async () => {
  const post = defineRoom('team/:id', { messages: { m: z.string() } });
  const world = createTestRealtime({ rooms: [serve(post)], clock: 'virtual' });
  const ada = world.user({ id: 'ada' });
  const bob = world.user({ id: 'bob' });
  const [one, two] = [ada, bob].map(({ client }) =>
    client.room(post, { id: '東京の天気について話そう会議' }),
  );
  await world.advance(1_000);
  expect([one?.status, two?.status]).toEqual(['joined', 'joined']);
  expect(() => ada.client.room(team, { id: '日'.repeat(200) })).toThrow('too long');
  expect(() => ada.client.room('x'.repeat(200))).toThrow('too long');
  await world.close();
});
