// Calls as they come from JavaScript: what makes no sense is refused where it is called, with a code, and the connection goes on.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineRoom } from '../../src/contract/index.js';
import type { Room } from '../../src/client/index.js';
import { serve } from '../../src/server/rooms/serve.js';
import { createTestRealtime, type TestRealtime, type TestUser } from '../../src/testing/index.js';

const board = defineRoom('board/:id', {
  messages: {
    draw: z.object({ x: z.number() }),
    strange: {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate(): { readonly value: { readonly x: number } } {
          throw new Error('a schema that throws');
        },
      },
    },
  },
  presence: z.object({ name: z.string().optional() }),
});

let world: TestRealtime;
let ada: TestUser;
beforeEach(() => {
  world = createTestRealtime({
    rooms: [serve(board, { presence: true }), serve('*', { presence: true })],
    clock: 'virtual',
  });
  ada = world.user({ id: 'ada' });
});
afterEach(() => world.close());

/** A room as JavaScript sees it. */
type Careless = Record<'send' | 'broadcast' | 'setPresence' | 'history', (...args: unknown[]) => unknown>;

const throwing = {
  get x(): number {
    throw new Error('a getter that throws');
  },
};
const hostile = new Proxy(
  {},
  {
    ownKeys() {
      throw new Error('a proxy that throws');
    },
  },
);

const calls: Readonly<Record<string, (room: Careless) => unknown>> = {
  'send without a type': (room) => room.send(undefined, { x: 1 }),
  'send of an object in the place of the type': (room) => room.send({ x: 1 }),
  'send of an empty type': (room) => room.send('', { x: 1 }),
  'send of a type that is too long': (room) => room.send('x'.repeat(257), { x: 1 }),
  'send with a key that is no string': (room) => room.send('draw', { x: 1 }, { coalesce: 7 }),
  'send of a getter that throws': (room) => room.send('draw', throwing),
  'send of a proxy that throws': (room) => room.send('draw', hostile),
  'send with a ttl that is no number': (room) => room.send('draw', { x: 1 }, { ttl: 'soon' }),
  'broadcast without a type': (room) => room.broadcast(undefined, { x: 1 }),
  'broadcast of a getter that throws': (room) => room.broadcast('draw', throwing),
  'presence that is a text': (room) => room.setPresence('away'),
  'presence that is null': (room) => room.setPresence(null),
  'presence that is a list': (room) => room.setPresence([1]),
  'presence with a getter that throws': (room) => room.setPresence(throwing),
  'history with a limit below zero': (room) => room.history({ limit: -1 }),
  'history with a limit that is a text': (room) => room.history({ limit: '50' }),
  'history before a half': (room) => room.history({ before: 0.5 }),
};

describe.each([
  ['a contract', () => ada.client.room(board, { id: '1' }) as unknown as Careless],
  ['a plain name', () => ada.client.room('free') as unknown as Careless],
])('of a room of %s', (_name, open) => {
  test.each(Object.keys(calls))('%s is invalid', async (name) => {
    const room = open();
    await world.advance(1_000);
    let outcome: unknown;
    try {
      await calls[name]?.(room);
    } catch (error) {
      outcome = error;
    }
    expect(outcome).toMatchObject({ code: 'invalid', name: 'RealtimeError' });
    await world.advance(60_000);
    expect(ada.client.store.getState().connection.status).toBe('connected');
    expect((room as unknown as Room).status).toBe('joined');
  });
});

describe('what a hook hands over', () => {
  const joins: Readonly<Record<string, object>> = {
    'a history below zero': { history: -1 },
    'a history that is a text': { history: '50' },
    'a history without end': { history: Infinity },
    'a presence that is a text': { presence: 'away' },
    'a presence that is a list': { presence: [1] },
    'a presence with a getter that throws': { presence: throwing },
  };

  test.each(Object.keys(joins))('%s is invalid, and the room can be joined after it', async (name) => {
    const handle = ada.client.handle('free');
    expect(() => handle.retain(joins[name] as { readonly history: number })).toThrow(
      expect.objectContaining({ code: 'invalid' }) as Error,
    );
    handle.retain({ history: 1 });
    await world.advance(60_000);
    expect([handle.status, ada.client.store.getState().connection.status]).toEqual(['joined', 'connected']);
  });

  test.each([-1, '50', Number.NaN])('a list that asks for %s older messages is invalid', async (limit) => {
    const handle = ada.client.handle('free');
    expect(() => handle.retainList('post', limit as number)).toThrow(
      expect.objectContaining({ code: 'invalid' }) as Error,
    );
    await world.advance(60_000);
    expect(ada.client.store.getState().connection.status).toBe('connected');
  });
});

test('a schema that throws is invalid, with what it threw as its details', async () => {
  const room = ada.client.room(board, { id: '1' });
  await world.advance(1_000);
  await expect(room.send('strange', { x: 1 })).rejects.toMatchObject({
    code: 'invalid',
    details: expect.objectContaining({ message: 'a schema that throws' }) as unknown,
  });
});

test('a handler that throws is told of by an error of the client, and breaks no other', async () => {
  const told: unknown[] = [];
  ada.client.on('error', ({ code, message, details }, room) => {
    told.push([code, message, details instanceof Error && details.message, room]);
  });
  const room = ada.client.room(board, { id: '1' });
  const heard: number[] = [];
  room.on('draw', () => {
    throw new Error('a handler that throws');
  });
  room.on('draw', ({ data }) => {
    heard.push(data.x);
  });
  await world.advance(1_000);
  void room.send('draw', { x: 1 });
  room.broadcast('draw', { x: 2 });
  world.server.room(board, { id: '1' }).broadcast('draw', { x: 3 });
  await world.advance(1_000);
  expect(heard.toSorted((one, other) => one - other)).toEqual([1, 3]);
  expect(told).toEqual(
    heard.map(() => [
      'rejected',
      "a message handler of room 'board/1' threw",
      'a handler that throws',
      'board/1',
    ]),
  );
});

describe('the newest contract of a room counts', () => {
  const older = defineRoom('board/:id', { messages: { draw: z.object({ y: z.number() }) } });

  test('after a hot update', async () => {
    const before = ada.client.room(older, { id: '1' });
    await world.advance(1_000);
    await expect(before.send('draw', { x: 1 } as never)).rejects.toMatchObject({ code: 'invalid' });
    const after = ada.client.room(board, { id: '1' });
    const sent = after.send('draw', { x: 1 });
    await world.advance(1_000);
    await expect(sent).resolves.toMatchObject({ duplicate: false });
  });

  test('after a plain name', async () => {
    ada.client.room('board/1');
    const room = ada.client.room(board, { id: '1' });
    await world.advance(1_000);
    await expect(room.send('draw', { x: 'no number' } as never)).rejects.toMatchObject({ code: 'invalid' });
  });

  test('and a plain name after it takes nothing away', async () => {
    ada.client.room(board, { id: '1' });
    const room = ada.client.room('board/1');
    await world.advance(1_000);
    await expect(room.send('draw', { x: 'no number' })).rejects.toMatchObject({ code: 'invalid' });
  });
});
