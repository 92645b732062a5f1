// Who uses a room, and what they want of it: when it is joined, what is asked of it, and what is kept while the connection is away.
import { describe, expect, test } from 'vitest';
import { statusOf } from '../../../../src/client/machine/view/connection-view.js';
import { joinedFrame, machine, outgoing, welcome, type Machine } from '../../../support/machine/run.js';

const room = (client: Machine, id = 'a') => {
  const found = client.state.rooms.get(id);
  if (!found) throw new Error(`no room ${id}`);
  return found;
};
const retain = { type: 'retain', room: 'a', history: 0, presence: null } as const;
const release = { type: 'release', room: 'a' } as const;
const presence = (patch: Record<string, unknown>) => ({ type: 'presence', room: 'a', patch }) as const;
const denied = { type: 'left', room: 'a', code: 'denied' } as const;

function reconnect(client: Machine): Machine {
  client.dispatch({ type: 'reconnect' });
  return client.dispatch({
    type: 'opened',
    attempt: client.state.attempt,
    transport: 'websocket',
    codec: 'json',
    token: null,
  });
}
const lose = (client: Machine): Machine =>
  client.dispatch({ type: 'lost', attempt: client.state.attempt, code: 1006, reason: '' });

describe('a room', () => {
  test('that is used before there is a connection is joining, with nothing missed so far', () => {
    const client = machine().dispatch(presence({ x: 1 }));
    expect([statusOf(room(client)), room(client).log.continuity]).toEqual(['left', 'exact']);
    client.dispatch(retain);
    expect([statusOf(room(client)), room(client).log.continuity]).toEqual(['joining', 'exact']);
    expect(room(client.live().receive(joinedFrame('a'))).log.continuity).toBe('exact');
  });

  test('that is about to be used is kept for a second', () => {
    const client = machine()
      .live()
      .dispatch(presence({ x: 1 }))
      .pass(999);
    expect(room(client).presence.own).toEqual({ x: 1 });
    expect(client.pass(1).state.rooms.has('a')).toBe(false);
  });

  test('is left although messages failed in it', () => {
    const client = machine().live('a').send(outgoing('x'));
    client
      .receive({
        type: 'nack',
        room: 'a',
        seq: 1,
        code: 'rejected',
        after: null,
        reason: null,
        details: null,
      })
      .dispatch(release);
    client.take();
    expect(client.pass(1_000).written()).toEqual([{ type: 'leave', room: 'a' }]);
  });

  test('that was released a moment ago is joined on the next connection too', () => {
    const client = reconnect(machine().live('a').dispatch(release));
    expect(client.written()).toMatchObject([{ type: 'hello' }, { type: 'join', room: 'a' }]);
  });

  test('that nobody uses is joined to read its history, and left behind the answer', () => {
    const client = machine()
      .live()
      .dispatch({ type: 'history', ref: 9, room: 'b', before: null, limit: 10, list: null });
    expect(client.written()).toMatchObject([{ type: 'join', room: 'b' }]);
    client.receive(joinedFrame('b'));
    expect(client.written()).toMatchObject([{ type: 'history', room: 'b', ref: 9 }]);
    expect(
      client
        .pass(10_000)
        .written()
        .some(({ type }) => type === 'leave'),
    ).toBe(false);
    client.receive({ type: 'history', ref: 9, messages: [], more: false });
    expect(client.written()).toEqual([{ type: 'leave', room: 'b' }]);
  });

  test('is joined with the most history that one of its users wants', () => {
    const client = machine().dispatch(
      { ...retain, history: 5 },
      { ...retain, history: 20 },
      { ...retain, history: 7 },
    );
    client.live();
    expect(room(client).membership.historyOnJoin).toBe(20);
    expect(reconnect(client).written().at(-1)).toMatchObject({ type: 'join', history: 20 });
  });

  test('that is denied is asked for again once a user comes to it alone, and not while another uses it', () => {
    const client = machine().live('a').receive(denied).dispatch(retain);
    expect(client.written()).toEqual([]);
    expect(room(client).membership.error?.code).toBe('denied');
    client.dispatch(release, release, retain);
    expect(client.written()).toMatchObject([{ type: 'join', room: 'a' }]);
    expect(room(client).membership.error).toBeNull();
    expect(client.receive(joinedFrame('a')).written(), 'and has nothing left to say').toEqual([]);
  });

  test('that is denied, or left, stays so while the connection is away', () => {
    const refused = lose(machine().live('a').receive(denied));
    expect(statusOf(room(refused))).toBe('denied');
    const list = { type: 'list-retain', room: 'a', list: '*', limit: 10, ref: 1 } as const;
    const left = lose(
      machine()
        .live('a')
        .dispatch(list)
        .receive({ type: 'history', ref: 1, messages: [], more: false })
        .dispatch(release)
        .pass(1_000),
    );
    expect(statusOf(room(left))).toBe('left');
    left.take();
    expect(
      reconnect(left)
        .written()
        .map(({ type }) => type),
    ).toEqual(['hello']);
  });

  test('without members has no moment at which stale ones are dropped', () => {
    expect(room(lose(machine().live('a'))).presence.staleUntil).toBe(Infinity);
    const client = machine().live();
    client.dispatch(retain).receive(joinedFrame('a', { members: [['bob', null, null]] }));
    expect(room(lose(client)).presence.staleUntil).toBe(client.now + 30_000);
  });

  test('shows its members as stale for 30 s from the first loss, however many follow', () => {
    const client = machine().live();
    client.dispatch(retain).receive(joinedFrame('a', { members: [['bob', null, null]] }));
    lose(client).sleep(20_000);
    reconnect(client).receive(welcome());
    lose(client).pass(9_999);
    expect([...room(client).presence.members.keys()]).toEqual(['bob']);
    expect(room(client.pass(1)).presence.members.size).toBe(0);
  });
});

describe('P25 own presence', () => {
  test('of a first user is what the room is joined with; that of the next user adds only what is missing', () => {
    const client = machine().dispatch(
      { ...retain, presence: { x: 1 } },
      { ...retain, presence: { x: 2, y: 3 } },
    );
    expect(room(client).presence.own).toEqual({ x: 1, y: 3 });
    client.live();
    expect(reconnect(client).written().at(-1)).toMatchObject({ type: 'join', presence: { x: 1, y: 3 } });
  });

  test('that was set before the room was used gives way to that of its first user', () => {
    const client = machine().dispatch(presence({ x: 1, z: 4 }), { ...retain, presence: { x: 2 } });
    expect(room(client).presence.own).toEqual({ x: 2, z: 4 });
  });

  test('is written where it changes only, and only what changes of it', () => {
    const client = machine()
      .live('a')
      .dispatch(presence({ x: 1, y: 1 }));
    client.pass(50).take();
    expect(
      client
        .dispatch(presence({ x: 1 }))
        .pass(50)
        .written(),
    ).toEqual([]);
    expect(client.dispatch(presence({ x: 1, y: 2 })).written()).toEqual([
      { type: 'presence', room: 'a', patch: { y: 2 }, cleared: [] },
    ]);
  });

  test('that is cleared by undefined travels by name, once, and is no part of what the room is joined with', () => {
    const client = machine()
      .live('a')
      .dispatch(presence({ x: 1, y: 1 }));
    client.pass(50).take();
    client.dispatch(presence({ x: undefined, z: undefined }));
    expect(room(client).presence.own).toEqual({ y: 1 });
    expect(client.written()).toEqual([
      { type: 'presence', room: 'a', patch: { x: undefined }, cleared: ['x'] },
    ]);
    expect(
      client
        .dispatch(presence({ x: undefined }))
        .pass(50)
        .written(),
    ).toEqual([]);
    client.dispatch(presence({ w: 1 })).take();
    client.dispatch(presence({ y: undefined }), presence({ y: 2 }));
    expect(client.pass(50).written()).toEqual([
      { type: 'presence', room: 'a', patch: { y: 2 }, cleared: [] },
    ]);
    expect(reconnect(client).written().at(-1)).toMatchObject({ type: 'join', presence: { w: 1, y: 2 } });
  });

  test('is shown as its contract makes of it, and written as it was said', () => {
    const client = machine().live('a');
    client.dispatch({ ...presence({ x: ' 1 ' }), shown: { x: '1' } });
    expect([room(client).presence.own, room(client).presence.ownShown]).toEqual([{ x: ' 1 ' }, { x: '1' }]);
    expect(client.written()).toMatchObject([{ type: 'presence', patch: { x: ' 1 ' } }]);
  });

  test('may be empty, which shows its member as there', () => {
    expect(machine().live('a').dispatch(presence({})).written()).toEqual([
      { type: 'presence', room: 'a', patch: {}, cleared: [] },
    ]);
  });
});
