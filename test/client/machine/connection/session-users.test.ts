// Whose session it is: what goes on where a connection is welcome as the same user, and what does not where it is another.
import { describe, expect, test } from 'vitest';
import type { Entry } from '../../../../src/client/machine/model/entry.js';
import type { ServerFrame } from '../../../../src/protocol/frames.js';
import {
  joinedFrame,
  machine,
  messageFrame,
  outgoing,
  settledOf,
  welcome,
  type Machine,
} from '../../../support/machine/run.js';

const opened = (it: Machine): Machine =>
  it.dispatch({
    type: 'opened',
    attempt: it.state.attempt,
    transport: 'websocket',
    codec: 'json',
    token: 't',
  });
const as = (id: string | null, member = `member of ${id}`): ServerFrame =>
  welcome({ member, user: id === null ? null : { id } });
const retain = { type: 'retain', room: 'a', history: 0, presence: null } as const;
const waiting = (it: Machine): unknown =>
  Array.from(it.state.rooms.get('a')?.outbox.entries.values() ?? [], ({ id, seq, mayHaveBeenSent: left }) => [
    id,
    seq,
    left,
  ]);

/** A message of an earlier page, as storage gives it back. */
const record: Entry = {
  id: 'old',
  type: 'post',
  version: 1,
  data: 1,
  displayData: 1,
  queuedAt: 0,
  expiresAt: Infinity,
  coalesceKey: null,
  bytes: 10,
  seq: 3,
  sentOn: 0,
  mayHaveBeenSent: true,
  storedSeq: 3,
  inLog: false,
  promiseSettled: true,
  failure: null,
  replaces: [],
};

/** A page that found a session in storage, with a message in it, and wrote another one. */
function stored(owner: string | null | undefined, member?: string): Machine {
  const session = { key: 'stored', instance: 'page', owner, member };
  const it = machine().dispatch(retain, {
    type: 'restored',
    session,
    messages: [{ room: 'a', entry: record }],
  });
  opened(it.send(outgoing('x')).dispatch({ type: 'connect' }));
  it.take();
  return it;
}
const disowned = (it: Machine): boolean => it.take().some(({ type }) => type === 'disowned');

describe('a session from storage', () => {
  test.each([
    ['ada', 'ada', undefined],
    [null, null, undefined],
    [undefined, 'ada', undefined],
    ['ada', 'whatever is shown', 'member of ada'],
  ])('of %s is taken by %s (its member: %s)', (owner, user, member) => {
    const it = stored(owner, member).receive(as(user, member));
    expect([disowned(it), it.state.connection.status, it.state.session.key]).toEqual([
      false,
      'live',
      'stored',
    ]);
    expect(it.state.connection).toMatchObject({ recovered: false });
  });

  test.each([
    ['ada', 'bob', undefined],
    ['ada', null, undefined],
    [null, 'bob', undefined],
    ['ada', 'ada', 'another member'],
  ])('of %s is not taken by %s (its member: %s): it waits in storage', (owner, user, member) => {
    const it = stored(owner, member).receive(as(user));
    expect(it.take()).toContainEqual({ type: 'disowned', user });
    expect(it.state.connection.status).toBe('greeting');
  });

  test('that is of another user is left: the page goes on with a session of its own, and with what it wrote itself', () => {
    const it = stored('ada').receive(as('bob'));
    it.take();
    it.dispatch({ type: 'disowned' });
    expect(it.state).toMatchObject({ session: { key: 'k1' }, durable: false, self: null });
    expect(it.state.connection.status).toBe('waiting');
    expect(it.state.retry.reason).toEqual({ code: 4011, reason: 'another user' });
    expect(waiting(it)).toEqual([['x', null, false]]);
    expect(settledOf(it.take())).toEqual([]);
  });

  test('that becomes of another user while the page is there is left with all that was written in it', () => {
    const it = stored('ada').receive(as('ada'), joinedFrame('a', { last: 3 }));
    opened(it.dispatch({ type: 'reconnect' })).receive(as('bob'));
    expect(disowned(it)).toBe(true);
    it.dispatch({ type: 'disowned' });
    expect(waiting(it)).toEqual([]);
    expect(settledOf(it.take())).toEqual([['x', 'in-doubt']]);
  });
});

describe('a session of this page alone', () => {
  const live = (user: ServerFrame): Machine => {
    const it = machine().dispatch(retain, { type: 'connect' });
    opened(it).receive(user, joinedFrame('a'), messageFrame('a', 1));
    it.take();
    return it;
  };

  test('whose member is the same goes on, whatever is shown of the user', () => {
    const it = live(as('ada', 'm'));
    opened(it.dispatch({ type: 'reconnect' })).receive(as('ada under another name', 'm'));
    expect(it.state.rooms.get('a')?.log.position).toEqual({ epoch: 'e', offset: 1, tag: 't1' });
    expect(it.state.connection).toMatchObject({ recovered: true });
  });

  test.each([
    ['bob', null, [['x', 'closed']]],
    ['ada', 1, []],
  ])('that had to be made anew, as %s', (user, offset, settled) => {
    const it = live(as('ada'));
    it.dispatch({ type: 'lost', attempt: 1, code: 4409, reason: '' }).send(outgoing('x'));
    opened(it.dispatch({ type: 'reconnect' }));
    it.take();
    it.receive(as(user, 'a new member'));
    expect(settledOf(it.take())).toEqual(settled);
    expect(it.state.rooms.get('a')?.log.position?.offset ?? null).toBe(offset);
    expect(it.state.connection).toMatchObject({ status: 'live', recovered: false });
    expect(it.state.self).toMatchObject({ key: 'k1', member: 'a new member' });
  });

  test('a second welcome on a connection is none', () => {
    const it = live(as('ada'));
    const { self, connection } = it.state;
    it.receive(as('bob'));
    expect(it.state.self).toBe(self);
    expect(it.state.connection).toEqual(connection);
  });
});

test("P17 the expiry of a renewed token is by the server's clock, as its welcome showed it", () => {
  const it = machine().dispatch({ type: 'connect' });
  opened(it).receive(welcome({ time: it.now + 5_000 }));
  expect(it.state.connection).toMatchObject({ clockSkew: 5_000, token: { expiresAt: Infinity } });
  it.receive({ type: 'auth', expires: it.now + 65_000 });
  expect(it.state.connection).toMatchObject({
    token: { expiresAt: it.now + 60_000, refreshAt: it.now + 48_000 },
  });
});
