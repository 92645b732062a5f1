// Own presence is what the others see of it: parsed by the contract at once, and cleared field by field.
import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import { defineRoom } from '../../../../src/contract/index.js';
import { serve } from '../../../../src/server/rooms/serve.js';
import { createTestRealtime, type TestRealtime } from '../../../../src/testing/index.js';

const lobby = defineRoom('lobby', {
  presence: z.object({
    name: z.string().trim(),
    color: z.string().default('red'),
    typing: z.boolean().optional(),
  }),
});

let world: TestRealtime;
afterEach(() => world.close());

async function setup() {
  world = createTestRealtime({ rooms: [serve(lobby), serve('free', { presence: true })], clock: 'virtual' });
  const [ada, bob] = [world.user({ id: 'ada' }), world.user({ id: 'bob' })];
  const room = ada.client.room(lobby);
  bob.client.room(lobby);
  await world.advance(1_000);
  return {
    room,
    mine: () => ada.client.store.getState().rooms['lobby']?.mine,
    seen: () => bob.client.store.getState().rooms['lobby']?.others[0]?.presence,
    ada,
    bob,
  };
}

test('it is shown as the contract makes of it at once, and the same to the others', async () => {
  const { room, mine, seen } = await setup();
  room.setPresence({ name: '  Ada ', unknown: 1 } as never);
  await world.advance(0);
  expect(mine()).toEqual({ name: 'Ada', color: 'red' });
  await world.advance(1_000);
  expect([mine(), seen()]).toEqual([
    { name: 'Ada', color: 'red' },
    { name: 'Ada', color: 'red' },
  ]);
});

test('an optional field is cleared by undefined, for all, and stays cleared after a reconnect', async () => {
  const { room, mine, seen, ada, bob } = await setup();
  room.setPresence({ name: 'Ada', typing: true });
  await world.advance(1_000);
  expect(seen()).toEqual({ name: 'Ada', color: 'red', typing: true });
  room.setPresence({ typing: undefined });
  await world.advance(1_000);
  expect([mine(), seen()]).toEqual([
    { name: 'Ada', color: 'red' },
    { name: 'Ada', color: 'red' },
  ]);
  ada.network.drop();
  bob.network.drop();
  await world.advance(30_000);
  expect(seen()).toEqual({ name: 'Ada', color: 'red' });
  room.setPresence({ typing: true });
  await world.advance(1_000);
  expect(seen()).toMatchObject({ typing: true });
});

test('a field that must be there cannot be cleared', async () => {
  const { room, mine } = await setup();
  room.setPresence({ name: 'Ada' });
  expect(() => {
    room.setPresence({ name: undefined } as never);
  }).toThrow(expect.objectContaining({ code: 'invalid' }) as Error);
  await world.advance(1_000);
  expect(mine()).toMatchObject({ name: 'Ada' });
});

test('without a contract a field is cleared as well, and null is a value', async () => {
  const { ada, bob } = await setup();
  const free = ada.client.room('free');
  bob.client.room('free');
  free.setPresence({ a: 1, b: null });
  await world.advance(1_000);
  free.setPresence({ a: undefined });
  await world.advance(1_000);
  expect(bob.client.store.getState().rooms['free']?.others[0]?.presence).toEqual({ b: null });
});
