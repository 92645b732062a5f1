// What must be true of any transport and any codec: the same stories over the network in memory and over real sockets.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { json, type Codec, type RealtimeError } from '../../src/client/index.js';
import { msgpack } from '../../src/protocol/msgpack.js';
import { eventually as until } from '../support/eventually.js';
import type { Harness, MakeHarness } from '../support/scenarios/harness.js';
import { chat, closedRoom, servedRooms } from '../support/server/rooms.js';

const codecs: readonly (readonly [string, () => Codec])[] = [
  ['JSON', json],
  ['MessagePack', msgpack],
];

export function scenarios(name: string, make: MakeHarness): void {
  describe.each(codecs)(`${name}, %s`, (codecName, codec) => {
    let harness: Harness;
    let handled: { ids: string[] };

    beforeEach(async () => {
      handled = { ids: [] };
      harness = await make(servedRooms(handled), codec);
    });
    afterEach(() => harness.close());

    test('a message reaches the others and its sender, and the receipt says where', async () => {
      const ada = harness.user('ada');
      const bob = harness.user('bob');
      const room = ada.client.room(chat, { id: '1' });
      const other = bob.client.room(chat, { id: '1' });
      const seen: string[] = [];
      other.on('post', ({ data, sender }) => seen.push(`${sender?.user?.id}: ${data.text}`));
      room.on('post', ({ data }) => seen.push(`self: ${data.text}`));
      await until(() => {
        expect([room.status, other.status]).toEqual(['joined', 'joined']);
      });
      const receipt = await room.send('post', { text: 'hello' });
      expect(receipt).toMatchObject({ offset: 1, duplicate: false });
      await until(() => {
        expect(seen.toSorted()).toEqual(['ada: hello', 'self: hello']);
      });
      expect(ada.client.store.getState().connection).toMatchObject({
        status: 'connected',
        codec: codecName === 'JSON' ? 'json' : 'msgpack',
      });
    });

    test('P13 what one client sends arrives in order', async () => {
      const room = harness.user('ada').client.room(chat, { id: '1' });
      const other = harness.user('bob').client.room(chat, { id: '1' });
      const seen: number[] = [];
      other.on('cursor', ({ data }) => seen.push(data.x));
      await until(() => {
        expect(other.status).toBe('joined');
      });
      const receipts = await Promise.all(
        Array.from({ length: 600 }, (_, x) => room.send('cursor', { x, y: 0 })),
      );
      expect(receipts.map(({ offset }) => offset)).toEqual(
        Array.from({ length: 600 }, (_, index) => index + 1),
      );
      await until(() => {
        expect(seen).toEqual(Array.from({ length: 600 }, (_, x) => x));
      });
    });

    test('P30 what was sent while away arrives once, in order, after a cut', async () => {
      const ada = harness.user('ada');
      const room = ada.client.room(chat, { id: '1' });
      const other = harness.user('bob').client.room(chat, { id: '1' });
      const seen: number[] = [];
      other.on('order', ({ data }) => seen.push(data.amount));
      await until(() => {
        expect([room.status, other.status]).toEqual(['joined', 'joined']);
      });
      ada.cut();
      await until(() => {
        expect(room.status).toBe('reconnecting');
      });
      const sent = [1, 2, 3].map((amount) => room.send('order', { amount }));
      ada.restore();
      expect((await Promise.all(sent)).map(({ result }) => result)).toEqual([
        { booked: 1 },
        { booked: 2 },
        { booked: 3 },
      ]);
      await until(() => {
        expect(seen).toEqual([1, 2, 3]);
      });
      expect(handled.ids).toHaveLength(3);
    });

    test('P29 nothing is lost or doubled while the link breaks again and again', async () => {
      const ada = harness.user('ada');
      const room = ada.client.room(chat, { id: '1' });
      const bob = harness.user('bob');
      const other = bob.client.room(chat, { id: '1' });
      const seen: number[] = [];
      other.on('order', ({ data }) => seen.push(data.amount));
      await until(() => {
        expect([room.status, other.status]).toEqual(['joined', 'joined']);
      });
      const sent: Promise<unknown>[] = [];
      for (let amount = 1; amount <= 120; amount++) {
        sent.push(room.send('order', { amount }));
        if (amount % 30 === 0) ada.drop();
        if (amount % 45 === 0) bob.drop();
        if (amount % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      await Promise.all(sent);
      await until(() => {
        expect(seen).toEqual(Array.from({ length: 120 }, (_, index) => index + 1));
      });
      expect(new Set(handled.ids).size).toBe(120);
      expect(handled.ids).toHaveLength(120);
    });

    test('P22 what was missed comes back, and the room says recovered', async () => {
      const ada = harness.user('ada');
      const room = ada.client.room(chat, { id: '1' });
      const other = harness.user('bob').client.room(chat, { id: '1' });
      const seen: string[] = [];
      room.on('post', ({ data }) => seen.push(data.text));
      await until(() => {
        expect([room.status, other.status]).toEqual(['joined', 'joined']);
      });
      ada.cut();
      await until(() => {
        expect(room.status).toBe('reconnecting');
      });
      await other.send('post', { text: 'one' });
      await other.send('post', { text: 'two' });
      ada.restore();
      await until(() => {
        expect(seen).toEqual(['one', 'two']);
      });
      expect(room.continuity).toBe('recovered');
    });

    test('P22 a log that is gone is a reset, never a silent hole', async () => {
      const ada = harness.user('ada');
      const room = ada.client.room(chat, { id: '1' });
      const resets: unknown[] = [];
      ada.client.on('reset', (event) => resets.push(event));
      await until(() => {
        expect(room.status).toBe('joined');
      });
      await room.send('post', { text: 'before' });
      await harness.restart(false);
      await until(() => {
        expect(room.continuity).toBe('reset');
      });
      expect(resets).toMatchObject([{ room: 'chat/1', why: 'epoch' }]);
      expect(await room.send('post', { text: 'after' })).toMatchObject({ duplicate: false });
    });

    test('P4 a backlog of many times the frame limit arrives whole and in order, and one too large by its bytes is refused by name', async () => {
      const ada = harness.user('ada');
      const room = ada.client.room(chat, { id: '1' });
      const text = 'ü'.repeat(1_000);
      const receipts = await Promise.all(Array.from({ length: 200 }, () => room.send('post', { text })));
      expect(receipts.map(({ offset, duplicate }) => [offset, duplicate])).toEqual(
        Array.from({ length: 200 }, (_, index) => [index + 1, false]),
      );
      await expect(room.send('bytes', { body: '語'.repeat(25_000) } as never)).rejects.toMatchObject({
        code: 'too-large',
      });
    });

    test('P22 a restart is no reset, though nobody had said anything yet', async () => {
      const ada = harness.user('ada');
      const room = ada.client.room(chat, { id: '1' });
      const resets: unknown[] = [];
      const seen: string[] = [];
      ada.client.on('reset', (event) => resets.push(event));
      room.on('post', ({ data }) => seen.push(data.text));
      await until(() => {
        expect(room.status).toBe('joined');
      });
      ada.cut();
      await harness.restart(true);
      await harness.user('bob').client.room(chat, { id: '1' }).send('post', { text: 'first' });
      ada.restore();
      await until(() => {
        expect(seen).toEqual(['first']);
      });
      expect([resets, room.continuity]).toEqual([[], 'recovered']);
    });

    test('a server that restarts with its log loses nothing', async () => {
      const room = harness.user('ada').client.room(chat, { id: '1' });
      const other = harness.user('bob').client.room(chat, { id: '1' });
      const seen: number[] = [];
      other.on('order', ({ data }) => seen.push(data.amount));
      await until(() => {
        expect([room.status, other.status]).toEqual(['joined', 'joined']);
      });
      const first = [1, 2].map((amount) => room.send('order', { amount }));
      await harness.restart(true);
      await Promise.all([...first, ...[3, 4].map((amount) => room.send('order', { amount }))]);
      await until(() => {
        expect(seen).toEqual([1, 2, 3, 4]);
      });
    });

    test('P31 a refused message rejects with its reason and holds up no later one', async () => {
      const room = harness.user('ada').client.room(chat, { id: '1' });
      const refused = room.send('order', { amount: 5_000 }).catch((error: unknown) => error as RealtimeError);
      const later = room.send('order', { amount: 1 });
      const denied = room
        .send('post', { text: 'forbidden' })
        .catch((error: unknown) => error as RealtimeError);
      expect(await refused).toMatchObject({
        code: 'rejected',
        message: 'too much',
        details: { most: 1_000 },
      });
      expect(await later).toMatchObject({ offset: 1 });
      expect(await denied).toMatchObject({ code: 'rejected', retryable: false });
    });

    test('P23 a room that does not exist and one that is not allowed are denied alike', async () => {
      const { client } = harness.user('ada');
      const closed = client.room(closedRoom, { id: '1' });
      const nowhere = client.room('nowhere');
      await until(() => {
        expect([closed.status, nowhere.status]).toEqual(['denied', 'denied']);
      });
      expect(closed.error).toMatchObject({ code: 'denied', message: nowhere.error?.message });
    });

    test('P25 presence: who is there, what they show, and that they leave', async () => {
      const ada = harness.user('ada');
      const bob = harness.user('bob');
      const room = ada.client.room(chat, { id: '1' });
      room.setPresence({ name: 'Ada' });
      const other = bob.client.room(chat, { id: '1' });
      other.setPresence({ name: 'Bob' });
      const others = () =>
        ada.client.store
          .getState()
          .rooms['chat/1']?.others.map(({ user, presence, stale }) => [user?.id, presence, stale ?? false]);
      await until(() => {
        expect(others()).toEqual([['bob', { name: 'Bob' }, false]]);
      });
      other.setPresence({ typing: true });
      await until(() => {
        expect(others()).toEqual([['bob', { name: 'Bob', typing: true }, false]]);
      });
      ada.cut();
      await until(() => {
        expect(others()).toEqual([['bob', { name: 'Bob', typing: true }, true]]);
      });
      ada.restore();
      await until(() => {
        expect(others()).toEqual([['bob', { name: 'Bob', typing: true }, false]]);
      });
      expect((await harness.members('chat/1')).toSorted()).toEqual(['ada', 'bob']);
      bob.client.close();
      await until(() => {
        expect(others()).toEqual([]);
      });
    });

    test('P26 a broadcast reaches the others once and is in no log', async () => {
      const room = harness.user('ada').client.room(chat, { id: '1' });
      const other = harness.user('bob').client.room(chat, { id: '1' });
      const seen: unknown[] = [];
      other.on('cursor', ({ data, offset }) => seen.push([data, offset]));
      room.on('cursor', () => seen.push('self'));
      expect(room.broadcast('cursor', { x: 0, y: 0 })).toBe(false);
      await until(() => {
        expect([room.status, other.status]).toEqual(['joined', 'joined']);
      });
      expect(room.broadcast('cursor', { x: 1, y: 2 })).toBe(true);
      await until(() => {
        expect(seen).toEqual([[{ x: 1, y: 2 }, null]]);
      });
      expect(await room.history()).toEqual([]);
    });

    test('P6 P7 bytes travel whole', async () => {
      const room = harness.user('ada').client.room(chat, { id: '1' });
      const got = new Promise<Uint8Array>((resolve) => {
        room.on('bytes', ({ data }) => {
          resolve(data.body);
        });
      });
      const body = Uint8Array.from({ length: 300 }, (_, index) => index % 256);
      await room.send('bytes', { body });
      expect([...(await got)]).toEqual([...body]);
    });

    test('P27 history reads back, page by page', async () => {
      const room = harness.user('ada').client.room(chat, { id: '1' });
      for (let x = 1; x <= 5; x++) void room.send('cursor', { x, y: 0 });
      await room.send('cursor', { x: 6, y: 0 });
      const newest = await room.history({ limit: 2 });
      expect(newest.map(({ offset }) => offset)).toEqual([5, 6]);
      expect((await room.history({ before: 5, limit: 10 })).map(({ offset }) => offset)).toEqual([
        1, 2, 3, 4,
      ]);
    });

    test('an untyped room, named by a string, carries any type', async () => {
      const room = harness.user('ada').client.room('lobby');
      const got = new Promise((resolve) => {
        room.on('anything', ({ data }) => {
          resolve(data);
        });
      });
      await room.send('anything', { at: [1, null, 'x'] });
      expect(await got).toEqual({ at: [1, null, 'x'] });
    });

    test('P34 a message of an older version is upgraded before anyone sees it', async () => {
      const { defineRoom } = await import('../../src/contract/index.js');
      const { z } = await import('zod');
      const oldChat = defineRoom('chat/:id', { messages: { edit: z.object({ text: z.string() }) } });
      const old = harness.user('ada').client.room(oldChat, { id: '1' });
      const fresh = harness.user('bob').client.room(chat, { id: '1' });
      const seen: unknown[] = [];
      const errors: string[] = [];
      fresh.on('edit', ({ data }) => seen.push(data));
      await until(() => {
        expect([old.status, fresh.status]).toEqual(['joined', 'joined']);
      });
      const oldClient = harness.user('cleo');
      oldClient.client.on('error', ({ code }) => errors.push(code));
      const oldRoom = oldClient.client.room(oldChat, { id: '1' });
      await until(() => {
        expect(oldRoom.status).toBe('joined');
      });
      await old.send('edit', { text: 'v1' });
      await until(() => {
        expect(seen).toEqual([{ text: 'v1', at: 0 }]);
      });
      await until(() => {
        expect(errors).toEqual(['unknown-version']);
      });
    });

    test('an unauthenticated client is told so, and waits for the app', async () => {
      const { client } = harness.user('ada', { token: () => null });
      await until(() => {
        expect(client.store.getState().connection).toMatchObject({
          status: 'needs-auth',
          reason: { code: 4401 },
        });
      });
    });
  });
}
