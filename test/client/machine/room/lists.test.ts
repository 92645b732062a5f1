// Lists of messages: who keeps them, what fills them, and how far back they were looked through.
import { describe, expect, test } from 'vitest';
import type { ServerFrame } from '../../../../src/protocol/frames.js';
import { joinedFrame, machine, messageFrame, welcome, type Machine } from '../../../support/machine/run.js';

const room = (client: Machine, id = 'a') => {
  const found = client.state.rooms.get(id);
  if (!found) throw new Error(`no room ${id}`);
  return found;
};
const retain = { type: 'retain', room: 'a', history: 0, presence: null } as const;
const release = { type: 'release', room: 'a' } as const;
const mount = { type: 'list-retain', room: 'a', list: '*', limit: 10, ref: 1 } as const;
const posts = { ...mount, list: 'post' } as const;
const shown = (client: Machine, key = '*') =>
  room(client)
    .lists.byType.get(key)
    ?.messages.map(({ offset }) => offset);

const entryOf = (offset: number, type: string) => {
  const { entry } = messageFrame('a', offset) as Extract<ServerFrame, { type: 'message' }>;
  return [...entry.slice(0, 6), type, ...entry.slice(7)] as unknown as typeof entry;
};
const page = (ref: number, offsets: readonly number[], type: string, more: boolean): ServerFrame => ({
  type: 'history',
  ref,
  messages: offsets.map((offset) => entryOf(offset, type)),
  more,
});

function open(client: Machine): Machine {
  return client
    .dispatch({
      type: 'opened',
      attempt: client.state.attempt,
      transport: 'websocket',
      codec: 'json',
      token: 't',
    })
    .receive(welcome({ time: client.now }));
}

describe('a list whose room nobody uses', () => {
  test('joins nothing: a disabled room stays left', () => {
    const client = machine()
      .live()
      .dispatch(mount, { type: 'presence', room: 'a', patch: { x: 1 } });
    expect(client.written()).toEqual([]);
    client.pass(5_000);
    expect(client.written()).toEqual([]);
    expect(room(client).membership.phase.status).toBe('left');
  });

  test('is filled by the join, once somebody does', () => {
    const client = machine().live().dispatch(mount).pass(5_000).dispatch(retain);
    expect(client.written()).toMatchObject([{ type: 'join', room: 'a', history: 10 }]);
    client.receive(joinedFrame('a', { messages: [entryOf(1, 'post')] }));
    expect(shown(client)).toEqual([1]);
  });

  test('keeps what it shows when the room is left, and resumes from there', () => {
    const client = machine()
      .live('a')
      .dispatch(mount)
      .receive(page(1, [], 'post', false), messageFrame('a', 1), messageFrame('a', 2))
      .dispatch(release)
      .pass(5_000);
    expect(shown(client)).toEqual([1, 2]);
    expect(room(client).membership.phase.status).toBe('left');
    client.take();
    client.dispatch(retain);
    expect(client.written()).toMatchObject([{ type: 'join', room: 'a', position: ['e', 2, 't2'] }]);
    client.receive(
      joinedFrame('a', { position: ['e', 2, 't2'], recovered: true, messages: [entryOf(3, 'post')] }),
    );
    expect(shown(client)).toEqual([1, 2, 3]);
    expect(room(client).log.continuity).toBe('recovered');
  });

  test('is forgotten with its last user', () => {
    const client = machine()
      .live('a')
      .dispatch(mount)
      .receive(page(1, [], 'post', false))
      .dispatch(release)
      .pass(5_000)
      .dispatch({ type: 'list-release', room: 'a', list: '*' });
    expect(client.state.rooms.has('a')).toBe(false);
  });

  test('presence of a room that nobody comes to use is forgotten', () => {
    const client = machine()
      .live()
      .dispatch({ type: 'presence', room: 'a', patch: { x: 1 } })
      .pass(5_000);
    expect(client.state.rooms.has('a')).toBe(false);
  });

  test('a message sent there joins, is acknowledged, and leaves at once', () => {
    const client = machine().live().dispatch(mount).pass(5_000).send({
      id: 'x',
      room: 'a',
      type: 'post',
      version: 1,
      data: 1,
      displayData: 1,
      bytes: 10,
      ttl: null,
      coalesceKey: null,
    });
    client.receive(joinedFrame('a'));
    client.take();
    client.receive({ type: 'ack', room: 'a', epoch: 'e', receipts: [[1, 1, 0, false]] });
    expect(client.written()).toEqual([{ type: 'leave', room: 'a' }]);
    expect(room(client).membership.phase.status).toBe('left');
  });
});

describe('a list that comes late', () => {
  test('while the room joins: asked for once it is joined', () => {
    const client = machine();
    client.dispatch(retain, { type: 'connect' });
    open(client);
    client.take();
    client.dispatch(mount).receive(joinedFrame('a', { position: ['e', 1, 't1'], more: true }));
    expect(client.written()).toMatchObject([{ type: 'history', before: null, limit: 10 }]);
    client.receive(page(1, [1], 'post', false));
    expect(shown(client)).toEqual([1]);
  });

  test('while the connection is away: asked for once it is back', () => {
    const client = machine()
      .live('a')
      .receive(messageFrame('a', 1))
      .dispatch({ type: 'lost', attempt: 1, code: 1006, reason: '' }, mount)
      .pass(1_000);
    open(client).receive(joinedFrame('a', { position: ['e', 1, 't1'], recovered: true }));
    expect(client.written().filter(({ type }) => type === 'history')).toHaveLength(1);
  });

  test('before the first join: the join brings it, and nothing is asked twice', () => {
    const client = machine().dispatch(retain, mount, { type: 'connect' });
    open(client).receive(joinedFrame('a', { messages: [entryOf(1, 'post')] }));
    expect(client.written().filter(({ type }) => type === 'history')).toEqual([]);
    expect(shown(client)).toEqual([1]);
  });

  test('of a type that another list holds whole: nothing is asked', () => {
    const client = machine()
      .live('a')
      .dispatch(mount)
      .receive(page(1, [1], 'post', false));
    client.take();
    client.dispatch({ ...posts, ref: 2 });
    expect(client.written()).toEqual([]);
    expect(shown(client, 'post')).toEqual([1]);
  });
});

describe('P27 older messages of one type', () => {
  const load = { type: 'history', ref: 2, room: 'a', before: null, limit: 2, list: 'post' } as const;

  test('are looked for behind pages that hold none, until one is found or the log ends', () => {
    const client = machine()
      .live('a')
      .dispatch({ ...posts, limit: 2 })
      .receive(page(1, [8, 9], 'post', true));
    client.take();
    client.dispatch(load);
    expect(client.written()).toMatchObject([{ type: 'history', before: 8 }]);
    client.receive(page(2, [6, 7], 'order', true));
    expect(room(client).lists.byType.get('post')).toMatchObject({ loading: true });
    expect(client.written()).toMatchObject([{ type: 'history', before: 6 }]);
    client.receive(page(2, [4, 5], 'post', true));
    expect(shown(client, 'post')).toEqual([4, 5, 8, 9]);
    expect(room(client).lists.byType.get('post')).toMatchObject({ loading: false, hasOlder: true });
    expect(client.written()).toEqual([]);
  });

  test.each([
    ['the same page again', [8, 9]],
    ['a newer page', [10, 11]],
    ['an empty page', []],
  ])('are not looked for again where a server with more of them sends %s', (_what, offsets) => {
    const client = machine()
      .live('a')
      .dispatch({ ...posts, limit: 2 })
      .receive(page(1, [8, 9], 'post', true));
    client.take();
    client.dispatch(load);
    expect(client.written()).toMatchObject([{ type: 'history', before: 8 }]);
    client.receive(page(2, offsets, 'order', true));
    expect(client.written()).toEqual([]);
    expect(room(client).lists).toMatchObject({ requests: [] });
    expect(room(client).lists.byType.get('post')).toMatchObject({ loading: false, hasOlder: true });
  });

  test('go on behind what was looked through, where the list is still empty', () => {
    const client = machine()
      .live('a')
      .dispatch({ ...posts, limit: 2 })
      .receive(page(1, [8, 9], 'order', true));
    expect(client.written()).toMatchObject([
      { type: 'history', before: null },
      { type: 'history', before: 8 },
    ]);
    client.receive(page(1, [1], 'order', false));
    expect(room(client).lists.byType.get('post')).toMatchObject({
      loading: false,
      hasOlder: false,
      messages: [],
    });
  });

  test('begin behind the newest part that a first join brought', () => {
    const client = machine().dispatch({ ...posts, limit: 2 }, retain, { type: 'connect' });
    open(client).receive(
      joinedFrame('a', {
        position: ['e', 7, 't7'],
        messages: [entryOf(8, 'order'), entryOf(9, 'order')],
        more: true,
      }),
    );
    client.take();
    client.dispatch(load);
    expect(client.written()).toMatchObject([{ type: 'history', before: 8 }]);
  });

  test('begin with the oldest kept, where the list is full and dropped some', () => {
    const client = machine()
      .live('a')
      .dispatch({ ...posts, limit: 2 })
      .receive(page(1, [], 'post', false), messageFrame('a', 1), messageFrame('a', 2), messageFrame('a', 3));
    expect(shown(client, 'post')).toEqual([2, 3]);
    client.take();
    client.dispatch(load);
    expect(client.written()).toMatchObject([{ type: 'history', before: 2 }]);
  });

  test('are no news to a list that was forgotten meanwhile, nor to the next of its name', () => {
    const client = machine()
      .live('a')
      .dispatch({ ...mount, limit: 3 })
      .receive(page(1, [], 'post', false), ...[1, 2, 3, 4, 5, 6].map((offset) => messageFrame('a', offset)));
    client.take();
    client.dispatch(
      { ...load, list: '*' },
      { type: 'list-release', room: 'a', list: '*' },
      { ...mount, limit: 3, ref: 3 },
    );
    expect(client.written()).toMatchObject([
      { type: 'history', ref: 2, before: 4 },
      { type: 'history', ref: 3, before: null },
    ]);
    client.receive(page(2, [2, 3], 'post', true), page(3, [4, 5, 6], 'post', true));
    expect(shown(client)).toEqual([4, 5, 6]);
  });

  test('leave no hole where news comes while they are on their way', () => {
    const client = machine()
      .live('a')
      .dispatch({ ...mount, limit: 3 })
      .receive(page(1, [], 'post', false), ...[1, 2, 3, 4].map((offset) => messageFrame('a', offset)));
    client.take();
    client.dispatch({ ...load, list: '*' });
    expect(client.written()).toMatchObject([{ type: 'history', before: 2 }]);
    client.receive(messageFrame('a', 5), page(2, [1], 'post', false));
    expect(shown(client)).toEqual([1, 2, 3, 4, 5]);
  });
});
