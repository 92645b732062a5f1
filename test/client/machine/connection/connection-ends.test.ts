// What is known of a connection once it has ended: why, since when, how often it was tried; and what counts as one that lasted.
import { describe, expect, test } from 'vitest';
import { createViewer } from '../../../../src/client/machine/view/viewer.js';
import {
  joinedFrame,
  machine,
  outgoing,
  settledOf,
  typesOf,
  welcome,
  type Machine,
} from '../../../support/machine/run.js';

const lose = (it: Machine, code = 1006): Machine =>
  it.dispatch({ type: 'lost', attempt: it.state.attempt, code, reason: 'why' });
const opened = (it: Machine): Machine =>
  it.dispatch({
    type: 'opened',
    attempt: it.state.attempt,
    transport: 'websocket',
    codec: 'json',
    token: 't',
  });
const retain = { type: 'retain', room: 'a', history: 0, presence: null } as const;
const retryOf = ({ state: { retry } }: Machine) => retry;

test('P12 hello says who asks, as a whole', () => {
  const hello = (it: Machine) => opened(it.dispatch({ type: 'connect' })).written()[0];
  const plain = {
    type: 'hello',
    session: 'key',
    instance: 'instance',
    token: 't',
    takeover: false,
    client: 'roomful-js',
    attempt: 1,
  };
  expect(hello(machine())).toEqual(plain);
  const session = { key: 'stored', instance: 'page', held: true };
  expect(hello(machine().dispatch({ type: 'restored', session, messages: [] }))).toEqual({
    ...plain,
    session: 'stored',
    instance: 'page',
    takeover: true,
  });
});

describe('what is told of a connection', () => {
  test('that was lost: since when, and why', () => {
    const it = machine({}, () => 0.999).live();
    const since = it.now;
    lose(it).pass(400);
    expect(retryOf(it)).toMatchObject({
      lostAt: since,
      reason: { code: 1006, reason: 'why' },
      attempts: 0,
      failures: 1,
    });
    it.pass(2_000);
    lose(it, 4500);
    expect(retryOf(it)).toMatchObject({
      lostAt: since,
      reason: { code: 4500, reason: 'why' },
      attempts: 1,
      failures: 2,
    });
  });

  test('that the app asked for anew: since the loss, or since now where there was none', () => {
    const reason = { code: 4011, reason: 'asked by the app' };
    const live = machine().live().pass(300).dispatch({ type: 'reconnect' });
    expect(retryOf(live)).toMatchObject({ lostAt: live.now, attempts: 1, reason });
    const away = machine({}, () => 0.999).live();
    const since = away.now;
    lose(away).pass(3_000);
    lose(away).dispatch({ type: 'reconnect' });
    expect(retryOf(away)).toMatchObject({ lostAt: since, attempts: 1, reason });
  });

  test('that the app asked for after it was closed: nothing of what was before', () => {
    const it = machine({ backoff: { attempts: 1 } }, () => 0.999).live();
    lose(it).pass(6_000);
    lose(it);
    expect(it.state.connection).toEqual({ status: 'closed' });
    it.dispatch({ type: 'connect' });
    const fresh = {
      failures: 0,
      briefConnections: 0,
      lostAt: null,
      isLong: false,
      reason: null,
      attempts: 1,
      returnSpread: 0,
    };
    expect(retryOf(it)).toMatchObject(fresh);
    expect(createViewer()(it.state).connection).toEqual({ status: 'connecting', attempt: 1 });
  });

  test.each([
    [4403, 'closed'],
    [4401, 'needs-auth'],
  ])('that ended for good with %i: why, and never that it is lost', (code, status) => {
    const it = lose(machine({ token: undefined }).live(), code).pass(60_000);
    expect(it.state.connection.status).toBe(status);
    expect(retryOf(it)).toMatchObject({ lostAt: null, isLong: false, reason: { code, reason: 'why' } });
  });

  test('that the app closed while it was lost: that the app did', () => {
    const it = lose(machine().live().dispatch({ type: 'hidden' })).pass(5_000);
    expect(retryOf(it).isLong).toBe(true);
    it.dispatch({ type: 'close' });
    expect(retryOf(it)).toMatchObject({
      isLong: false,
      lostAt: null,
      reason: { code: 1000, reason: 'closed by the app' },
    });
  });
});

describe('close() where no connection is open', () => {
  test('settles what waits, and leaves the session as it is', () => {
    const it = machine().send(outgoing('x'));
    expect(settledOf(it.dispatch({ type: 'close' }).take())).toEqual([['x', 'closed']]);
    expect([it.state.connection.status, it.state.session.key]).toEqual(['idle', 'key']);
  });

  test('again makes no other session', () => {
    const it = machine().live().dispatch({ type: 'close' });
    expect(it.state.session.key).toBe('k1');
    it.dispatch({ type: 'close' });
    expect([it.state.session.key, it.state.connection.status]).toEqual(['k1', 'closed']);
  });
});

describe('a connection that lasted', () => {
  /** Connects with its room, and stays for so many ms. */
  const stay = (it: Machine, ms: number): Machine =>
    opened(it.dispatch({ type: 'reconnect' }))
      .receive(welcome(), joinedFrame('a'))
      .pass(ms);
  const brief = (): Machine => {
    const it = machine({}, () => 0.999).dispatch(retain, { type: 'connect' });
    for (let count = 0; count < 2; count++) lose(stay(it, 100));
    expect(retryOf(it)).toMatchObject({ failures: 2, briefConnections: 2 });
    return it;
  };

  test('P20 for 5 s is no more counted with the brief ones before it, however it ends', () => {
    expect(retryOf(stay(brief(), 5_000).dispatch({ type: 'reconnect' }))).toMatchObject({
      failures: 0,
      briefConnections: 0,
    });
  });

  test('P20 for less is', () => {
    expect(retryOf(stay(brief(), 4_999).dispatch({ type: 'reconnect' }))).toMatchObject({
      failures: 2,
      briefConnections: 2,
    });
  });

  test('for less, and whose token is refused at once, is tried again after a wait and not at once', () => {
    const it = lose(machine({}, () => 0.5).live(), 4401);
    expect(it.state.connection).toEqual({ status: 'waiting', retryAt: it.now + 250 });
  });
});

describe('a doubt', () => {
  const visible = { type: 'visible' } as const;

  test('P19 that is there already asks for no second sign of life', () => {
    const it = machine().live().dispatch(visible);
    expect(typesOf(it.take())).toEqual(['write ping']);
    it.sleep(2_000).dispatch(visible);
    expect(typesOf(it.take())).toEqual([]);
  });

  test('P19 that is older than a probe takes asks again: the machine slept', () => {
    const it = machine().live().dispatch(visible).sleep(4_000).dispatch(visible);
    expect(typesOf(it.take())).toEqual(['write ping']);
    it.sleep(1).dispatch(visible);
    expect(typesOf(it.take())).toEqual(['write ping']);
    expect(it.state.connection).toMatchObject({ heartbeat: { probeUntil: it.now + 2_000 } });
  });
});

test('where the network goes while a retry waits, none is spent until it is back', () => {
  const it = lose(machine({}, () => 0.999).live())
    .pass(100)
    .dispatch({ type: 'offline' });
  expect(it.state.connection).toEqual({ status: 'offline', since: it.now });
  it.take();
  expect(typesOf(it.pass(60_000).take())).toEqual([]);
  expect(typesOf(it.dispatch({ type: 'online' }).take())).toEqual(['open']);
});

test('P17 a token that ends while its link is doubted ends nothing before there is life, or none', () => {
  const it = machine().dispatch(
    { type: 'connect' },
    { type: 'opened', attempt: 1, transport: 'websocket', codec: 'json', token: 't' },
  );
  it.receive(welcome({ expires: 10_000 }))
    .pass(9_000)
    .dispatch({ type: 'visible' });
  it.sleep(1_500).send(outgoing('x'));
  expect(it.state.connection).toMatchObject({ status: 'live', heartbeat: { probeUntil: it.now + 500 } });
  it.pass(500);
  expect(it.state.retry.reason).toEqual({ code: 4000, reason: 'nothing was heard' });
});

describe('a page that is hidden', () => {
  test('asks nothing of its connection, and starts no attempt', () => {
    const it = machine({}, () => 0.999).live();
    expect(it.dispatch({ type: 'hidden' }).take()).toEqual([]);
    lose(it).take();
    expect(it.dispatch({ type: 'hidden' }).take()).toEqual([]);
    expect(it.state.connection.status).toBe('waiting');
  });

  test('and sleeps has closed its connection for that reason, and resumes at once though a signal came a moment ago', () => {
    const it = lose(machine({}, () => 0.999).live()).dispatch({ type: 'online' });
    opened(it).receive(welcome()).pass(1_000);
    it.dispatch({ type: 'pagehide' });
    const why = { code: 4010, reason: 'the page sleeps' };
    expect(it.take()).toContainEqual({ type: 'close', attempt: 2, ...why });
    expect(it.state.connection).toEqual({ status: 'waiting', retryAt: it.now });
    expect(retryOf(it)).toMatchObject({ lostAt: it.now, reason: why });
    expect(typesOf(it.dispatch({ type: 'pageshow' }).take())).toEqual(['open']);
  });

  test('and sleeps while it comes back is lost since it was', () => {
    const it = machine({}, () => 0.999).live();
    const since = it.now;
    lose(it).pass(700).dispatch({ type: 'pagehide' });
    expect(retryOf(it).lostAt).toBe(since);
  });

  test('and sleeps without a connection closes none', () => {
    const it = lose(machine({}, () => 0.999).live());
    const { connection } = it.state;
    it.take();
    it.dispatch({ type: 'pagehide' });
    expect([it.take(), it.state.connection]).toEqual([[], connection]);
    expect(typesOf(it.pass(60_000).take()), 'it tries nothing').toEqual([]);
    expect(typesOf(it.dispatch({ type: 'online' }).take())).toEqual([]);
  });
});
