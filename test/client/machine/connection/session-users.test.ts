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

const opened = (client: Machine): Machine =>
  client.dispatch({
    type: 'opened',
    attempt: client.state.attempt,
    transport: 'websocket',
    codec: 'json',
    token: 't',
  });
const as = (id: string | null, member = `member of ${id}`): ServerFrame =>
  welcome({ member, user: id === null ? null : { id } });
const retain = { type: 'retain', room: 'a', history: 0, presence: null } as const;
const waiting = (client: Machine): unknown =>
  Array.from(
    client.state.rooms.get('a')?.outbox.entries.values() ?? [],
    ({ id, seq, mayHaveBeenSent: left }) => [id, seq, left],
  );

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
  const client = machine().dispatch(retain, {
    type: 'restored',
    session,
    messages: [{ room: 'a', entry: record }],
  });
  opened(client.send(outgoing('x')).dispatch({ type: 'connect' }));
  client.take();
  return client;
}
const disowned = (client: Machine): boolean => client.take().some(({ type }) => type === 'disowned');

describe('a session from storage', () => {
  test.each([
    ['ada', 'ada', undefined],
    [null, null, undefined],
    [undefined, 'ada', undefined],
    ['ada', 'whatever is shown', 'member of ada'],
  ])('of %s is taken by %s (its member: %s)', (owner, user, member) => {
    const client = stored(owner, member).receive(as(user, member));
    expect([disowned(client), client.state.connection.status, client.state.session.key]).toEqual([
      false,
      'live',
      'stored',
    ]);
    expect(client.state.connection).toMatchObject({ recovered: false });
  });

  test.each([
    ['ada', 'bob', undefined],
    ['ada', null, undefined],
    [null, 'bob', undefined],
    ['ada', 'ada', 'another member'],
  ])('of %s is not taken by %s (its member: %s): it waits in storage', (owner, user, member) => {
    const client = stored(owner, member).receive(as(user));
    expect(client.take()).toContainEqual({ type: 'disowned', user });
    expect(client.state.connection.status).toBe('greeting');
  });

  test('that is of another user is left: the page goes on with a session of its own, and with what it wrote itself', () => {
    const client = stored('ada').receive(as('bob'));
    client.take();
    client.dispatch({ type: 'disowned' });
    expect(client.state).toMatchObject({ session: { key: 'k1' }, durable: false, self: null });
    expect(client.state.connection.status).toBe('waiting');
    expect(client.state.retry.reason).toEqual({ code: 4011, reason: 'another user' });
    expect(waiting(client)).toEqual([['x', null, false]]);
    expect(settledOf(client.take())).toEqual([]);
  });

  test('that becomes of another user while the page is there is left with all that was written in it', () => {
    const client = stored('ada').receive(as('ada'), joinedFrame('a', { last: 3 }));
    opened(client.dispatch({ type: 'reconnect' })).receive(as('bob'));
    expect(disowned(client)).toBe(true);
    client.dispatch({ type: 'disowned' });
    expect(waiting(client)).toEqual([]);
    expect(settledOf(client.take())).toEqual([['x', 'in-doubt']]);
  });
});

describe('a session of this page alone', () => {
  const live = (user: ServerFrame): Machine => {
    const client = machine().dispatch(retain, { type: 'connect' });
    opened(client).receive(user, joinedFrame('a'), messageFrame('a', 1));
    client.take();
    return client;
  };

  test('whose member is the same goes on, whatever is shown of the user', () => {
    const client = live(as('ada', 'm'));
    opened(client.dispatch({ type: 'reconnect' })).receive(as('ada under another name', 'm'));
    expect(client.state.rooms.get('a')?.log.position).toEqual({ epoch: 'e', offset: 1, tag: 't1' });
    expect(client.state.connection).toMatchObject({ recovered: true });
  });

  test.each([
    ['bob', null, [['x', 'closed']]],
    ['ada', 1, []],
  ])('that had to be made anew, as %s', (user, offset, settled) => {
    const client = live(as('ada'));
    client.dispatch({ type: 'lost', attempt: 1, code: 4409, reason: '' }).send(outgoing('x'));
    opened(client.dispatch({ type: 'reconnect' }));
    client.take();
    client.receive(as(user, 'a new member'));
    expect(settledOf(client.take())).toEqual(settled);
    expect(client.state.rooms.get('a')?.log.position?.offset ?? null).toBe(offset);
    expect(client.state.connection).toMatchObject({ status: 'live', recovered: false });
    expect(client.state.self).toMatchObject({ key: 'k1', member: 'a new member' });
  });

  test('a second welcome on a connection is none', () => {
    const client = live(as('ada'));
    const { self, connection } = client.state;
    client.receive(as('bob'));
    expect(client.state.self).toBe(self);
    expect(client.state.connection).toEqual(connection);
  });
});

test("P17 the expiry of a renewed token is by the server's clock, as its welcome showed it", () => {
  const client = machine().dispatch({ type: 'connect' });
  opened(client).receive(welcome({ time: client.now + 5_000 }));
  expect(client.state.connection).toMatchObject({ clockSkew: 5_000, token: { expiresAt: Infinity } });
  client.receive({ type: 'auth', expires: client.now + 65_000 });
  expect(client.state.connection).toMatchObject({
    token: { expiresAt: client.now + 60_000, refreshAt: client.now + 48_000 },
  });
});
