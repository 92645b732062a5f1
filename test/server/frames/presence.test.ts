// Others see of a member what its contract makes of what it says, and nothing else, however it is said.
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineRoom } from '../../../src/contract/define-room.js';
import { json } from '../../../src/protocol/codec.js';
import { msgpack } from '../../../src/protocol/msgpack.js';
import { serve, type AuthorizeRequest } from '../../../src/server/rooms/serve.js';
import { rawWorld } from '../../support/server/raw.js';

const lobby = defineRoom('lobby', {
  presence: z.object({
    name: z.string().trim().max(20),
    nick: z.coerce.string().max(40).default(''),
    typing: z.boolean().catch(false),
    // What this makes fits its own input no more.
    length: z
      .string()
      .transform((it) => it.length)
      .optional(),
  }),
});
const evil = {
  name: '    Mal    ',
  nick: { $$typeof: 'x', a: 1 },
  typing: { not: 'a boolean' },
  length: 'four',
  admin: true,
  blob: [{}, {}],
};
const plain = { name: 'Mal', nick: '[object Object]', typing: false, length: 4 };

describe.each([json(), msgpack()])('over $name', (codec) => {
  async function setup() {
    const asked: AuthorizeRequest[] = [];
    const world = rawWorld({
      rooms: [serve(lobby, { authorize: (request) => asked.push(request) > 0 })],
    });
    const [ada, mal] = [world.peer(codec), world.peer(codec)];
    const enter = async (peer: typeof ada, id: string, presence: unknown): Promise<void> => {
      await peer.hello(id, `session-of-${id}`);
      await peer.say({ type: 'join', room: 'lobby', position: null, history: 0, presence });
      await world.clock.advance(100);
    };
    const show = async (patch: Record<string, unknown>): Promise<unknown> => {
      const before = ada.of('presence').length;
      await mal.say({ type: 'presence', room: 'lobby', patch });
      await world.clock.advance(100);
      return ada
        .of('presence')
        .slice(before)
        .flatMap(({ changed }) => changed.map(([, it]) => it));
    };
    const members = async (): Promise<unknown> =>
      (await world.core.room('lobby').members()).map(({ presence }) => presence).at(-1);
    await enter(ada, 'ada', { name: 'Ada' });
    return { world, asked, ada, mal, enter, show, members };
  }

  test('P25 a join and a patch show the same, and authorize is asked about what is shown', async () => {
    const { asked, ada, mal, enter, show, members } = await setup();
    await enter(mal, 'mal', evil);
    expect(
      ada
        .of('presence')
        .flatMap(({ joined }) => joined.map(([, , it]) => it))
        .at(-1),
    ).toEqual(plain);
    expect(await show({ ...evil, name: '   Mallory ' })).toEqual([{ ...plain, name: 'Mallory' }]);
    expect(await members()).toEqual({ ...plain, name: 'Mallory' });
    expect(asked.at(-1)?.data).toEqual({ ...plain, name: 'Mallory' });
  });

  test('P25 a first patch shows all that the contract makes of it, and one of what the contract does not know shows nothing', async () => {
    const { mal, enter, show, members } = await setup();
    await enter(mal, 'mal', null);
    expect(await show(evil)).toEqual([plain]);
    expect(await show({ name: 'Mal  ', admin: false })).toEqual([{ name: 'Mal' }]);
    expect(await show({ admin: true })).toEqual([]);
    expect(await members()).toEqual(plain);
  });

  test('P25 a patch that does not fit is refused, and nothing of it is kept for the next', async () => {
    const { mal, enter, show, members } = await setup();
    await enter(mal, 'mal', evil);
    expect(await show({ name: 'x'.repeat(30), typing: true })).toEqual([]);
    expect(mal.of('error')).toMatchObject([{ code: 'invalid' }]);
    expect(await show({ nick: 7 })).toEqual([{ nick: '7' }]);
    expect(await members()).toEqual({ ...plain, nick: '7' });
  });

  test('P25 a key that is cleared is gone for all, those who come later too; a patch by itself removes none', async () => {
    const { world, ada, mal, enter, members } = await setup();
    await enter(mal, 'mal', { name: 'Mal', length: 'four' });
    expect(await members()).toEqual({ name: 'Mal', nick: '', typing: false, length: 4 });
    const before = ada.of('presence').length;
    await mal.say({
      type: 'presence',
      room: 'lobby',
      patch: { name: 'M' },
      cleared: ['length', 'never there'],
    });
    await world.clock.advance(100);
    const told = ada.of('presence').slice(before);
    expect(told.flatMap(({ changed }) => changed)).toEqual([]);
    expect(told.flatMap(({ joined }) => joined.map(([, user, shown]) => [user, shown]))).toEqual([
      [{ id: 'mal' }, { name: 'M', nick: '', typing: false }],
    ]);
    expect(await members()).toEqual({ name: 'M', nick: '', typing: false });
  });

  test('P25 a key that must be there cannot be cleared, and the presence stays as it was', async () => {
    const { world, ada, mal, enter, members } = await setup();
    await enter(mal, 'mal', { name: 'Mal' });
    const before = ada.of('presence').length;
    await mal.say({ type: 'presence', room: 'lobby', patch: {}, cleared: ['name'] });
    await world.clock.advance(100);
    expect(mal.of('error')).toMatchObject([{ ref: 'lobby', code: 'invalid' }]);
    expect([ada.of('presence').length, await members()]).toEqual([
      before,
      { name: 'Mal', nick: '', typing: false },
    ]);
  });

  test.each([[['a', 1]], ['length'], [{ length: true }]])(
    'P10 cleared that is %j is malformed',
    async (cleared) => {
      const { mal, enter } = await setup();
      await enter(mal, 'mal', { name: 'Mal' });
      const part = codec.encode([6, 'lobby', {}, cleared]);
      await mal.sayRaw(typeof part === 'string' ? part : part.slice());
      expect(mal.closed?.code).toBe(4400);
    },
  );
});
