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

const lose = (client: Machine, code = 1006): Machine =>
  client.dispatch({ type: 'lost', attempt: client.state.attempt, code, reason: 'why' });
const opened = (client: Machine): Machine =>
  client.dispatch({
    type: 'opened',
    attempt: client.state.attempt,
    transport: 'websocket',
    codec: 'json',
    token: 't',
  });
const retain = { type: 'retain', room: 'a', history: 0, presence: null } as const;
const retryOf = ({ state: { retry } }: Machine) => retry;

test('P12 hello says who asks, as a whole', () => {
  const hello = (client: Machine) => opened(client.dispatch({ type: 'connect' })).written()[0];
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
    const client = machine({}, () => 0.999).live();
    const since = client.now;
    lose(client).pass(400);
    expect(retryOf(client)).toMatchObject({
      lostAt: since,
      reason: { code: 1006, reason: 'why' },
      attempts: 0,
      failures: 1,
    });
    client.pass(2_000);
    lose(client, 4500);
    expect(retryOf(client)).toMatchObject({
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
    const client = machine({ backoff: { attempts: 1 } }, () => 0.999).live();
    lose(client).pass(6_000);
    lose(client);
    expect(client.state.connection).toEqual({ status: 'closed' });
    client.dispatch({ type: 'connect' });
    const fresh = {
      failures: 0,
      briefConnections: 0,
      lostAt: null,
      isLong: false,
      reason: null,
      attempts: 1,
      returnSpread: 0,
    };
    expect(retryOf(client)).toMatchObject(fresh);
    expect(createViewer()(client.state).connection).toEqual({ status: 'connecting', attempt: 1 });
  });

  test.each([
    [4403, 'closed'],
    [4401, 'needs-auth'],
  ])('that ended for good with %i: why, and never that it is lost', (code, status) => {
    const client = lose(machine({ token: undefined }).live(), code).pass(60_000);
    expect(client.state.connection.status).toBe(status);
    expect(retryOf(client)).toMatchObject({ lostAt: null, isLong: false, reason: { code, reason: 'why' } });
  });

  test('that the app closed while it was lost: that the app did', () => {
    const client = lose(machine().live().dispatch({ type: 'hidden' })).pass(5_000);
    expect(retryOf(client).isLong).toBe(true);
    client.dispatch({ type: 'close' });
    expect(retryOf(client)).toMatchObject({
      isLong: false,
      lostAt: null,
      reason: { code: 1000, reason: 'closed by the app' },
    });
  });
});

describe('close() where no connection is open', () => {
  test('settles what waits, and leaves the session as it is', () => {
    const client = machine().send(outgoing('x'));
    expect(settledOf(client.dispatch({ type: 'close' }).take())).toEqual([['x', 'closed']]);
    expect([client.state.connection.status, client.state.session.key]).toEqual(['idle', 'key']);
  });

  test('again makes no other session', () => {
    const client = machine().live().dispatch({ type: 'close' });
    expect(client.state.session.key).toBe('k1');
    client.dispatch({ type: 'close' });
    expect([client.state.session.key, client.state.connection.status]).toEqual(['k1', 'closed']);
  });
});

describe('a connection that lasted', () => {
  /** Connects with its room, and stays for so many ms. */
  const stay = (client: Machine, ms: number): Machine =>
    opened(client.dispatch({ type: 'reconnect' }))
      .receive(welcome(), joinedFrame('a'))
      .pass(ms);
  const brief = (): Machine => {
    const client = machine({}, () => 0.999).dispatch(retain, { type: 'connect' });
    for (let count = 0; count < 2; count++) lose(stay(client, 100));
    expect(retryOf(client)).toMatchObject({ failures: 2, briefConnections: 2 });
    return client;
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
    const client = lose(machine({}, () => 0.5).live(), 4401);
    expect(client.state.connection).toEqual({ status: 'waiting', retryAt: client.now + 250 });
  });
});

describe('a doubt', () => {
  const visible = { type: 'visible' } as const;

  test('P19 that is there already asks for no second sign of life', () => {
    const client = machine().live().dispatch(visible);
    expect(typesOf(client.take())).toEqual(['write ping']);
    client.sleep(2_000).dispatch(visible);
    expect(typesOf(client.take())).toEqual([]);
  });

  test('P19 that is older than a probe takes asks again: the machine slept', () => {
    const client = machine().live().dispatch(visible).sleep(4_000).dispatch(visible);
    expect(typesOf(client.take())).toEqual(['write ping']);
    client.sleep(1).dispatch(visible);
    expect(typesOf(client.take())).toEqual(['write ping']);
    expect(client.state.connection).toMatchObject({ heartbeat: { probeUntil: client.now + 2_000 } });
  });
});

test('where the network goes while a retry waits, none is spent until it is back', () => {
  const client = lose(machine({}, () => 0.999).live())
    .pass(100)
    .dispatch({ type: 'offline' });
  expect(client.state.connection).toEqual({ status: 'offline', since: client.now });
  client.take();
  expect(typesOf(client.pass(60_000).take())).toEqual([]);
  expect(typesOf(client.dispatch({ type: 'online' }).take())).toEqual(['open']);
});

test('P17 a token that ends while its link is doubted ends nothing before there is life, or none', () => {
  const client = machine().dispatch(
    { type: 'connect' },
    { type: 'opened', attempt: 1, transport: 'websocket', codec: 'json', token: 't' },
  );
  client
    .receive(welcome({ expires: 10_000 }))
    .pass(9_000)
    .dispatch({ type: 'visible' });
  client.sleep(1_500).send(outgoing('x'));
  expect(client.state.connection).toMatchObject({
    status: 'live',
    heartbeat: { probeUntil: client.now + 500 },
  });
  client.pass(500);
  expect(client.state.retry.reason).toEqual({ code: 4000, reason: 'nothing was heard' });
});

describe('a page that is hidden', () => {
  test('asks nothing of its connection, and starts no attempt', () => {
    const client = machine({}, () => 0.999).live();
    expect(client.dispatch({ type: 'hidden' }).take()).toEqual([]);
    lose(client).take();
    expect(client.dispatch({ type: 'hidden' }).take()).toEqual([]);
    expect(client.state.connection.status).toBe('waiting');
  });

  test('and sleeps has closed its connection for that reason, and resumes at once though a signal came a moment ago', () => {
    const client = lose(machine({}, () => 0.999).live()).dispatch({ type: 'online' });
    opened(client).receive(welcome()).pass(1_000);
    client.dispatch({ type: 'pagehide' });
    const why = { code: 4010, reason: 'the page sleeps' };
    expect(client.take()).toContainEqual({ type: 'close', attempt: 2, ...why });
    expect(client.state.connection).toEqual({ status: 'waiting', retryAt: client.now });
    expect(retryOf(client)).toMatchObject({ lostAt: client.now, reason: why });
    expect(typesOf(client.dispatch({ type: 'pageshow' }).take())).toEqual(['open']);
  });

  test('and sleeps while it comes back is lost since it was', () => {
    const client = machine({}, () => 0.999).live();
    const since = client.now;
    lose(client).pass(700).dispatch({ type: 'pagehide' });
    expect(retryOf(client).lostAt).toBe(since);
  });

  test('and sleeps without a connection closes none', () => {
    const client = lose(machine({}, () => 0.999).live());
    const { connection } = client.state;
    client.take();
    client.dispatch({ type: 'pagehide' });
    expect([client.take(), client.state.connection]).toEqual([[], connection]);
    expect(typesOf(client.pass(60_000).take()), 'it tries nothing').toEqual([]);
    expect(typesOf(client.dispatch({ type: 'online' }).take())).toEqual([]);
  });
});
