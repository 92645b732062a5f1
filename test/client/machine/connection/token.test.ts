// Tokens: asked for in time, again where none comes, and nothing leaves under one that has ended.
import { describe, expect, test } from 'vitest';
import { fakeServer, type FakeServer, type FakeServerOptions } from '../../../support/server/fake-server.js';
import {
  joinedFrame,
  machine,
  outgoing,
  typesOf,
  welcome,
  type Machine,
} from '../../../support/machine/run.js';

/** A provider whose answers the test gives: each call waits for its own. */
function provider() {
  const calls: {
    readonly at: number;
    readonly answer: (token: string | null) => void;
    readonly fail: () => void;
  }[] = [];
  let now = (): number => 0;
  return {
    calls,
    by(clock: FakeServer['clock']) {
      now = clock.now;
    },
    token: () =>
      new Promise<string | null>((resolve, reject) => {
        calls.push({
          at: now(),
          answer: resolve,
          fail: () => {
            reject(new Error('the token service is away'));
          },
        });
      }),
  };
}

/** A client that is welcome with a token of ten minutes, which it refreshes in the ninth. */
async function setup(options: FakeServerOptions = {}) {
  const tokens = provider();
  const server = fakeServer({ connectTimeout: 3_000, token: tokens.token, ...options });
  tokens.by(server.clock);
  const { clock, client } = server;
  client.connect();
  await clock.advance(0);
  tokens.calls.at(-1)?.answer('first');
  await clock.advance(0);
  const link = await server.greet({ expires: clock.now() + minutes(10) });
  tokens.calls.length = 0;
  /** By how much the server's clock is ahead. */
  const ahead = { ms: 0 };
  /** Time passes, and the server pings and answers pings as it should. */
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 20_000) {
      await clock.advance(Math.min(20_000, left));
      server.link.say(
        { type: 'ping', time: clock.now() + ahead.ms },
        { type: 'pong', time: server.link.of('ping').at(-1)?.time ?? 0, spread: 0 },
      );
    }
    await clock.advance(0);
  };
  return { ...server, server, tokens, link, pass, ahead, status: () => client.store.getState().connection };
}

const minutes = (count: number): number => count * 60_000;

describe('in band', () => {
  test('T4 a token is asked for a minute before it ends, and sent over the same connection; the next is due by the new expiry', async () => {
    const { clock, tokens, link, links, pass } = await setup();
    await pass(minutes(9) - 1);
    expect(tokens.calls).toHaveLength(0);
    await pass(1);
    expect(tokens.calls).toHaveLength(1);
    tokens.calls[0]?.answer('second');
    await clock.advance(0);
    expect(link.of('auth')).toEqual([{ type: 'auth', token: 'second' }]);
    link.say({ type: 'auth', expires: clock.now() + minutes(30) });
    await pass(minutes(29) - 1);
    expect(tokens.calls).toHaveLength(1);
    await pass(1);
    expect(tokens.calls).toHaveLength(2);
    expect(links).toHaveLength(1);
  });

  test('T4 a provider that hangs is given up after connectTimeout and asked again, until one answers; the connection goes on', async () => {
    const { clock, tokens, link, links, pass, status } = await setup();
    await pass(minutes(9));
    await pass(3_000);
    expect(tokens.calls).toHaveLength(1);
    // As long after that as after one that failed.
    await pass(7_499);
    expect(tokens.calls).toHaveLength(1);
    await pass(1);
    expect(tokens.calls).toHaveLength(2);
    tokens.calls[1]?.answer('second');
    await clock.advance(0);
    link.say({ type: 'auth', expires: clock.now() + minutes(10) });
    await pass(minutes(8));
    expect([tokens.calls.length, links.length, status().status]).toEqual([2, 1, 'connected']);
  });

  test('T4 the late answer of a provider that was given up is not sent: a later one may be there already', async () => {
    const { clock, tokens, link, pass } = await setup();
    await pass(minutes(9) + 10_500);
    expect(tokens.calls).toHaveLength(2);
    tokens.calls[1]?.answer('new');
    await clock.advance(0);
    link.say({ type: 'auth', expires: clock.now() + minutes(10) });
    tokens.calls[0]?.answer('old');
    await pass(1_000);
    expect(link.of('auth')).toEqual([{ type: 'auth', token: 'new' }]);
  });

  test('T4 nor where the later one has not come yet, nor on a connection that came after', async () => {
    const { client, clock, tokens, server, pass } = await setup();
    await pass(minutes(9) + 10_500);
    tokens.calls[0]?.answer('old');
    await pass(100);
    expect(server.link.of('auth')).toEqual([]);
    client.reconnect();
    await clock.advance(0);
    tokens.calls.at(-1)?.answer('of the attempt');
    await clock.advance(0);
    await server.greet();
    tokens.calls[1]?.answer('of the old connection');
    await clock.advance(0);
    expect(server.link.heard).toMatchObject([{ type: 'hello', token: 'of the attempt' }, { type: 'ping' }]);
  });

  test('T4 a provider that throws is an error event, and asked again 5 to 10 s later', async () => {
    const { client, clock, tokens, link, links, pass } = await setup();
    const errors: string[] = [];
    client.on('error', ({ code, message }) => errors.push(`${code}: ${message}`));
    await pass(minutes(9));
    tokens.calls[0]?.fail();
    await pass(7_499);
    expect(tokens.calls).toHaveLength(1);
    await pass(1);
    expect(tokens.calls).toHaveLength(2);
    expect(errors).toEqual(['unavailable: the token function failed: the token service is away']);
    tokens.calls[1]?.answer('second');
    await clock.advance(0);
    expect([link.of('auth'), links.length]).toEqual([[{ type: 'auth', token: 'second' }], 1]);
  });

  test('T4 null is "none yet": nothing is sent, it is asked again, and once the token has ended the next hello says what it says then', async () => {
    const { clock, tokens, link, links, pass } = await setup();
    await pass(minutes(9));
    tokens.calls[0]?.answer(null);
    await pass(7_500);
    expect([link.of('auth'), tokens.calls.length]).toEqual([[], 2]);
    for (let asked = 1; asked < 8; asked++) {
      tokens.calls[asked]?.answer(null);
      await pass(7_500);
    }
    expect(link.closed).toEqual({ code: 4401, reason: 'the token expired' });
    tokens.calls.at(-1)?.answer(null);
    await clock.advance(0);
    links.at(-1)?.open();
    expect(links.at(-1)?.heard).toMatchObject([{ type: 'hello', token: null }]);
  });

  test('T4 a server that does not answer the new token, or cannot, is told again', async () => {
    const { clock, tokens, link, pass } = await setup();
    await pass(minutes(9));
    tokens.calls[0]?.answer('second');
    await clock.advance(0);
    link.say({ type: 'error', ref: null, code: 'unavailable', reason: 'authentication is unavailable' });
    await pass(10_500);
    tokens.calls[1]?.answer('third');
    await clock.advance(0);
    expect(link.of('auth').map(({ token }) => token)).toEqual(['second', 'third']);
  });

  test('T4 a server that says a token is expiring gets the next one ahead of that', async () => {
    const { tokens, link, pass } = await setup();
    link.say({ type: 'expiring', within: 10_000 });
    await pass(7_999);
    expect(tokens.calls).toHaveLength(0);
    await pass(1);
    expect(tokens.calls).toHaveLength(1);
  });

  test("T4 a token is asked for by the server's clock, whatever ours says", async () => {
    const { clock, tokens, link, pass, ahead } = await setup();
    ahead.ms = -5_000_000;
    const now = clock.now() + ahead.ms;
    link.say({ type: 'ping', time: now }, { type: 'auth', expires: now + minutes(2) });
    await pass(minutes(2) - 24_001);
    expect(tokens.calls).toHaveLength(0);
    await pass(1);
    expect(tokens.calls.map(({ at }) => at)).toEqual([clock.now()]);
  });
});

describe('at an attempt', () => {
  test('T4 a provider that hangs is given up with the attempt, which is bounded, and asked again with a growing backoff', async () => {
    const tokens = provider();
    const server = fakeServer({ connectTimeout: 3_000, token: tokens.token, random: () => 0.999 });
    const { client, clock, links } = server;
    tokens.by(clock);
    const states: string[] = [];
    client.on('connection', ({ status }) => states.push(status));
    const start = clock.now();
    client.connect();
    await clock.advance(30_000);
    // Each takes 3 s, and is followed by 0.5, 1, 2, 4, 4 … s.
    expect(tokens.calls.map(({ at }) => Math.round((at - start) / 500) / 2)).toEqual([
      0, 3.5, 7.5, 12.5, 19.5, 26.5,
    ]);
    expect(states[0]).toBe('connecting');
    expect(new Set(states.slice(1))).toEqual(new Set(['reconnecting']));
    expect(client.store.getState().connection).toMatchObject({
      status: 'reconnecting',
      lost: true,
      reason: { code: 1006, reason: 'no welcome within 3000 ms' },
    });
    // What was given up opens nothing when it answers at last.
    for (const { answer } of tokens.calls.slice(0, -1)) answer('late');
    await clock.advance(0);
    expect(links).toHaveLength(0);
  });

  test('T4 a provider that throws is asked again with a growing backoff, and what waits goes out once it answers', async () => {
    const tokens = provider();
    const server = fakeServer({ token: tokens.token, random: () => 0.999 });
    const { client, clock, links, warnings } = server;
    tokens.by(clock);
    void client.room('lobby').send('post', 1);
    client.connect();
    const start = clock.now();
    for (let attempt = 0; attempt < 4; attempt++) {
      await clock.advance(attempt ? 500 * 2 ** (attempt - 1) : 0);
      tokens.calls.at(-1)?.fail();
      await clock.advance(0);
    }
    expect(tokens.calls.map(({ at }) => Math.round((at - start) / 100) / 10)).toEqual([0, 0.5, 1.5, 3.5]);
    expect(warnings).toHaveLength(4);
    expect(client.store.getState().connection).toMatchObject({
      status: 'reconnecting',
      reason: { reason: 'the attempt failed: the token service is away' },
    });
    await clock.advance(4_000);
    tokens.calls.at(-1)?.answer('good');
    await clock.advance(0);
    await server.greet();
    server.link.say(joinedFrame('lobby'));
    await clock.advance(0);
    expect(links).toHaveLength(1);
    expect(server.link.heard.map(({ type }) => type)).toEqual(['hello', 'join', 'ping', 'send']);
  });

  test('T4 each attempt asks anew, and its token is in the first frame', async () => {
    let count = 0;
    const server = fakeServer({ token: () => `token ${++count}` });
    const link = await server.greet();
    link.close(1006);
    await server.clock.advance(500);
    server.link.open();
    expect(server.links.map(({ heard }) => heard[0])).toMatchObject([
      { type: 'hello', token: 'token 1' },
      { type: 'hello', token: 'token 2' },
    ]);
  });
});

describe('refused for good', () => {
  /** A server that knows one token. */
  const knows =
    (good: string): NonNullable<FakeServerOptions['on']> =>
    (frame, link) => {
      if (frame.type === 'hello' && frame.token === good) link.say(welcome());
      else if (frame.type === 'hello') link.close(4401);
      else if (frame.type === 'join') link.say(joinedFrame(frame.room));
      else if (frame.type === 'send')
        link.say({ type: 'ack', room: frame.room, epoch: 'e', receipts: [[frame.seq, frame.seq, 0, false]] });
    };

  test('T4 twice in a row, with a token asked for in between, needs the app: what waits is kept, and goes out after connect() with a good one', async () => {
    const asked: string[] = [];
    let token = 'stale';
    const server = fakeServer({
      token: () => {
        asked.push(token);
        return token;
      },
      on: knows('good'),
    });
    const { client, clock, links } = server;
    const settled: unknown[] = [];
    const sent = [1, 2].map((data) =>
      client
        .room('lobby')
        .send('post', data)
        .then(
          ({ offset }) => settled.push(offset),
          (error: unknown) => settled.push(error),
        ),
    );
    client.connect();
    for (let round = 0; round < 2; round++) {
      await clock.advance(0);
      server.link.open();
      await clock.advance(1);
    }
    expect(asked).toEqual(['stale', 'stale']);
    expect(client.store.getState().connection).toEqual({
      status: 'needs-auth',
      reason: { code: 4401, reason: '' },
    });
    // Nothing but the app ends that: no time, no signal.
    for (const signal of ['hidden', 'visible', 'offline', 'online', 'pagehide', 'pageshow'] as const)
      server.signal(signal);
    await clock.advance(minutes(60));
    const later = client
      .room('lobby')
      .send('post', 3)
      .then(({ offset }) => settled.push(offset));
    await clock.advance(0);
    expect([
      links.length,
      asked.length,
      settled,
      client.store.getState().outbox.pending.map(({ data }) => data),
    ]).toEqual([2, 2, [], [1, 2, 3]]);
    token = 'good';
    client.connect();
    await clock.advance(0);
    server.link.open();
    await clock.advance(10);
    await Promise.all([...sent, later]);
    expect(server.link.of('send').map(({ seq, data }) => [seq, data])).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
    expect(settled).toEqual([1, 2, 3]);
    expect(client.store.getState().connection.status).toBe('connected');
  });

  test('T4 a refusal of the token that was asked for in band is followed by one attempt with another', async () => {
    const { clock, tokens, link, server, pass, status } = await setup();
    await pass(minutes(9));
    tokens.calls[0]?.answer('refused');
    await clock.advance(0);
    link.close(4401);
    await clock.advance(0);
    expect(status()).toMatchObject({ status: 'reconnecting', reason: { code: 4401 } });
    tokens.calls[1]?.answer('refused too');
    await clock.advance(0);
    server.link.open();
    server.link.close(4401);
    await clock.advance(0);
    expect([status().status, tokens.calls.length]).toEqual(['needs-auth', 2]);
  });
});

describe('after a sleep', () => {
  /** What the machine writes, by kind; the world's answers come from the test. */
  const asleep = (life: number, options: Parameters<typeof machine>[0] = {}): Machine => {
    const it = machine(options).dispatch(
      { type: 'retain', room: 'a', history: 0, presence: null },
      { type: 'connect' },
      { type: 'opened', attempt: 1, transport: 'websocket', codec: 'json', token: 't' },
    );
    it.receive(welcome({ time: it.now, expires: it.now + life }), joinedFrame('a')).pass(0);
    it.take();
    return it;
  };

  test.each(['pageshow', 'visible', 'online'] as const)(
    'T4 a link that still seems up, under a token that has ended: on %s nothing but a ping leaves on it, and the next connection begins with a new token',
    (signal) => {
      const it = asleep(minutes(10))
        .sleep(minutes(60))
        .dispatch({ type: signal })
        .send(outgoing('x'))
        .dispatch(
          { type: 'broadcast', room: 'a', message: 'm', version: 1, data: 1 },
          { type: 'retain', room: 'b', history: 0, presence: null },
          { type: 'presence', room: 'a', patch: { a: 1 } },
        );
      expect(typesOf(it.take())).toEqual(['write ping']);
      it.receive({ type: 'pong', time: it.now });
      expect(it.take()).toMatchObject([
        { type: 'close', code: 4401, reason: 'the token expired' },
        { type: 'open', attempt: 2 },
      ]);
      it.dispatch({ type: 'opened', attempt: 2, transport: 'websocket', codec: 'json', token: 'new' });
      expect(it.written()).toMatchObject([
        { type: 'hello', token: 'new' },
        { type: 'join', room: 'a' },
        { type: 'join', room: 'b' },
      ]);
      it.receive(
        welcome({ time: it.now, expires: it.now + minutes(10) }),
        joinedFrame('a', { recovered: true }),
      );
      expect(it.written().filter(({ type }) => type === 'send')).toMatchObject([{ id: 'x', seq: 1 }]);
    },
  );

  test('T4 a sleep too short to doubt the link, but long enough for the token, is no different', () => {
    const it = asleep(10_000).sleep(20_000).send(outgoing('x'));
    expect(it.take()).toMatchObject([{ type: 'close', code: 4401 }, { type: 'open' }]);
    const ticked = asleep(10_000).sleep(20_000).dispatch({ type: 'tick' });
    // One question for a token: that of the attempt.
    expect(typesOf(ticked.take())).toEqual(['close', 'open']);
  });

  test('T4 a token that has not ended is good enough to go on with, while the next one is asked for', () => {
    const it = asleep(minutes(10))
      .sleep(minutes(9) + 1_000)
      .dispatch({ type: 'visible' });
    it.receive({ type: 'pong', time: it.now }).take();
    it.send(outgoing('x')).pass(0);
    expect(typesOf(it.take())).toEqual(['write send', 'token']);
  });

  test('T4 a page that was frozen has no link: its hello has a newly asked token and comes first', async () => {
    const { clock, tokens, server, link } = await setup();
    server.client.room('lobby');
    await clock.advance(0);
    link.say(joinedFrame('lobby'));
    server.signal('pagehide');
    expect(link.closed?.code).toBe(4010);
    void server.client.room('lobby').send('post', 1);
    server.sleep(minutes(60));
    server.signal('pageshow');
    await clock.advance(0);
    expect(tokens.calls).toHaveLength(1);
    tokens.calls[0]?.answer('new');
    await clock.advance(0);
    server.link.open();
    await clock.advance(0);
    expect(server.link.heard).toMatchObject([{ type: 'hello', token: 'new' }, { type: 'join' }]);
  });

  test('T4 without a provider the server alone says when a token ends', () => {
    const it = asleep(10_000, { token: undefined }).sleep(20_000).send(outgoing('x'));
    expect(typesOf(it.take())).toEqual(['write send']);
    expect(typesOf(it.pass(4_000).take())).toEqual([]);
  });
});
