// One transport's life: opening, greeting, live, waiting and the ends of it.
import { describe, expect, test } from 'vitest';
import { backoffDelay } from '../../../../src/client/machine/connection/backoff.js';
import { verdictOf } from '../../../../src/protocol/codes.js';
import {
  joinedFrame,
  machine,
  messageFrame,
  outgoing,
  settledOf,
  typesOf,
  welcome,
  type Machine,
} from '../../../support/machine/run.js';

const lose = (client: Machine, code = 1006): Machine =>
  client.dispatch({ type: 'lost', attempt: client.state.attempt, code, reason: '' });
const opened = (client: Machine): Machine =>
  client.dispatch({
    type: 'opened',
    attempt: client.state.attempt,
    transport: 'websocket',
    codec: 'json',
    token: 't',
  });

test('idle opens nothing until the app asks', () => {
  const client = machine().dispatch({ type: 'retain', room: 'a', history: 0, presence: null }).pass(60_000);
  expect(client.take()).toEqual([]);
  expect(client.state.connection.status).toBe('idle');
});

test('P12 P13 hello is written first, with the joins behind it in one write, and nothing else before welcome', () => {
  const client = machine().dispatch(
    { type: 'retain', room: 'a', history: 0, presence: { n: 1 } },
    { type: 'connect' },
  );
  client.send({
    id: 'x',
    room: 'a',
    type: 'post',
    version: 1,
    data: 1,
    displayData: 1,
    bytes: 1,
    ttl: null,
    coalesceKey: null,
  });
  expect(typesOf(client.take())).toEqual(['open']);
  expect(typesOf(opened(client).take())).toEqual(['write hello join']);
  expect(typesOf(client.receive(welcome()).take())).toEqual([]);
  expect(typesOf(client.receive(joinedFrame('a')).take())).toEqual(['write send']);
});

test('an attempt that is not welcome in time is given up, url and token promises included', () => {
  const hanging = machine({ connectTimeout: 3_000 }).dispatch({ type: 'connect' });
  hanging.take();
  hanging.pass(2_999);
  expect(hanging.take()).toEqual([]);
  hanging.pass(1);
  expect(typesOf(hanging.take())).toEqual(['close']);
  expect(hanging.state.connection.status).toBe('waiting');

  const silent = opened(machine({ connectTimeout: 3_000 }).dispatch({ type: 'connect' }));
  silent.take();
  expect(typesOf(silent.pass(3_000).take())).toEqual(['close']);
});

test('P20 the first retry has full jitter too, and the ceiling doubles up to the most', () => {
  expect(
    [0, 1, 2, 3, 10].map((failures) =>
      backoffDelay(failures, () => 1, { initial: 500, max: 30_000, factor: 2, attempts: Infinity }, 0),
    ),
  ).toEqual([500, 1_000, 2_000, 4_000, 30_000]);
  expect(
    [4, 9, 10].map((failures) =>
      backoffDelay(failures, () => 1, { initial: 500, max: 30_000, factor: 2, attempts: Infinity }, 0),
    ),
    'while it may be a restart',
  ).toEqual([4_000, 4_000, 30_000]);
  expect(
    backoffDelay(1, () => 1, { initial: 8_000, max: 30_000, factor: 2, attempts: Infinity }, 0),
    'never less than the first',
  ).toBe(8_000);
  expect(backoffDelay(0, () => 0, { initial: 500, max: 30_000, factor: 2, attempts: Infinity }, 4_000)).toBe(
    0,
  );
  const client = lose(machine({}, () => 0.25).live());
  expect(client.state.connection).toEqual({ status: 'waiting', retryAt: client.now + 125 });
});

test('P20 what failed is over once its rooms are back; connections that end soon after that count until one lasts', () => {
  const client = machine({}, () => 0.999).dispatch(
    { type: 'retain', room: 'a', history: 0, presence: null },
    { type: 'connect' },
  );
  for (let count = 0; count < 3; count++) lose(client).pass(10_000);
  expect(client.state.retry.failures).toBe(3);
  /** Connects once more, and loses that after so many ms. */
  const once = (joined: boolean, ms: number): number => {
    client.dispatch({ type: 'reconnect' });
    opened(client)
      .receive(welcome(), ...(joined ? [joinedFrame('a')] : []))
      .pass(ms);
    return lose(client).state.retry.failures;
  };
  expect(once(false, 10_000)).toBe(4);
  expect([once(true, 4_999), once(true, 4_999), once(true, 4_999)]).toEqual([1, 2, 3]);
  expect(once(false, 10_000), 'one that never got there failed').toBe(4);
  expect(once(true, 5_000)).toBe(1);
});

test('after as many failed attempts as the app allows it is closed, and says so', () => {
  const client = machine({ backoff: { attempts: 2 } }).dispatch({ type: 'connect' });
  lose(client).pass(60_000);
  lose(client).pass(60_000);
  lose(client).pass(60_000);
  expect(client.state.connection).toEqual({ status: 'closed' });
  expect(client.state.attempt).toBe(3);
});

describe('close verdicts', () => {
  test.each([
    [1001, 'waiting'],
    [1006, 'waiting'],
    [1012, 'waiting'],
    [4000, 'waiting'],
    [4399, 'waiting'],
    [4408, 'waiting'],
    [4429, 'waiting'],
    [4500, 'waiting'],
    [4599, 'waiting'],
    [1000, 'closed'],
    [4009, 'closed'],
    [4400, 'closed'],
    [4403, 'closed'],
    [4406, 'closed'],
    [4444, 'closed'],
    [4401, 'opening'],
  ])('%i leaves %s', (code, status) => {
    expect(lose(machine().live().pass(5_000), code).state.connection.status).toBe(status);
  });

  test('an unknown code is judged by its range', () => {
    expect([4123, 4456, 4567, 3000, 1099].map(verdictOf)).toEqual([
      'retry',
      'stop',
      'retry',
      'retry',
      'retry',
    ]);
  });

  test('4401 asks for a new token once, then needs the app; connect() tries again', () => {
    const client = lose(machine().live().pass(5_000), 4401);
    expect(typesOf(client.take())).toContain('open');
    lose(opened(client), 4401);
    expect(client.state.connection.status).toBe('needs-auth');
    client.take();
    expect(typesOf(client.pass(600_000).take())).toEqual([]);
    expect(typesOf(client.dispatch({ type: 'connect' }).take())).toEqual(['open']);
  });

  test('4401 without a token to ask for needs the app at once', () => {
    expect(lose(machine({ token: undefined }).live(), 4401).state.connection.status).toBe('needs-auth');
  });

  test.each([1000, 4009, 4400, 4403, 4406])(
    '%i settles whatever waits: nothing will come of it before the app connects again',
    (code) => {
      const client = machine()
        .live('a')
        .send(outgoing('sent'))
        .dispatch(
          { type: 'history', ref: 9, room: 'a', before: null, limit: 10, list: null },
          { type: 'broadcast', room: 'a', message: 'x', version: 1, data: 1 },
        );
      client.send(outgoing('queued', { room: 'b' })).take();
      const effects = lose(client, code).take();
      expect(settledOf(effects)).toEqual([
        ['sent', 'in-doubt'],
        ['queued', 'closed'],
      ]);
      expect(effects).toContainEqual({
        type: 'history',
        ref: 9,
        outcome: expect.objectContaining({ code: 'closed' }) as unknown,
      });
      expect(client.state.session.key).toBe('k1');
      client.dispatch({ type: 'connect' });
      expect(client.state.connection.status).toBe('opening');
    },
  );

  test('4401 for good keeps what waits: a new token may still send it', () => {
    const client = machine({ token: undefined }).live('a').send(outgoing('x'));
    client.take();
    expect(settledOf(lose(client, 4401).take())).toEqual([]);
    expect(client.state.session.key).toBe('key');
  });

  test('P16 4409 makes a new session', () => {
    const client = lose(machine().live(), 4409);
    expect(client.state.session).toEqual({ key: 'k1', instance: 'i1' });
    expect(client.state.connection.status).toBe('waiting');
  });
});

describe('a socket that never says close', () => {
  test('is left by identity: what it says later changes nothing', () => {
    const client = machine().live('a');
    const old = client.state.attempt;
    client.dispatch({ type: 'reconnect' });
    expect(client.take()).toMatchObject([
      { type: 'close', attempt: old, code: 4011 },
      { type: 'open', attempt: old + 1 },
    ]);
    const before = client.state;
    client.dispatch(
      { type: 'lost', attempt: old, code: 1006, reason: '' },
      { type: 'received', attempt: old, frames: [welcome()] },
      { type: 'opened', attempt: old, transport: 'websocket', codec: 'json', token: null },
    );
    expect(client.state).toBe(before);
    expect(client.take()).toEqual([]);
  });
});

describe('another user than before', () => {
  const as = (id: string | null) => welcome({ member: `member of ${id}`, user: id === null ? null : { id } });
  const again = (client: Machine, id: string | null): Machine =>
    opened(client.dispatch({ type: 'reconnect' })).receive(
      as(id),
      joinedFrame('a', { position: ['e', 1, 't1'], recovered: true }),
    );
  const ada = (): Machine => {
    const client = machine().dispatch(
      { type: 'retain', room: 'a', history: 0, presence: null },
      { type: 'list-retain', room: 'a', list: '*', limit: 9, ref: 1 },
      { type: 'connect' },
    );
    opened(client)
      .receive(as('ada'), joinedFrame('a'), messageFrame('a', 1))
      .dispatch({ type: 'lost', attempt: 1, code: 1006, reason: '' })
      .send(outgoing('of ada'));
    client.take();
    return client;
  };

  test('sends nothing of the first, and sees nothing that the first saw', () => {
    const effects = again(ada(), 'bob').take();
    expect(settledOf(effects)).toEqual([['of ada', 'closed']]);
    expect(
      effects
        .flatMap((effect) => (effect.type === 'write' ? effect.frames : []))
        .filter(({ type }) => type === 'send'),
    ).toEqual([]);
  });

  test('starts the lists anew', () => {
    const client = ada();
    expect(client.state.rooms.get('a')?.lists.byType.get('*')?.messages).toHaveLength(1);
    expect(again(client, 'bob').state.rooms.get('a')?.lists.byType.get('*')?.messages).toEqual([]);
  });

  test('is another though the same is shown of the two: the server makes another member of the same key', () => {
    const client = machine().dispatch(
      { type: 'retain', room: 'a', history: 0, presence: null },
      { type: 'connect' },
    );
    opened(client)
      .receive(welcome({ member: 'm1', user: { id: 'anonymous' } }))
      .dispatch({ type: 'lost', attempt: 1, code: 1006, reason: '' })
      .send(outgoing('of the first'));
    client.take();
    expect(
      settledOf(
        opened(client.dispatch({ type: 'reconnect' }))
          .receive(welcome({ member: 'm2', user: { id: 'anonymous' } }))
          .take(),
      ),
    ).toEqual([['of the first', 'closed']]);
  });

  test('the same user goes on', () => {
    const client = again(ada(), 'ada');
    expect(typesOf(client.take())).toContain('write send');
    expect(client.state.rooms.get('a')?.lists.byType.get('*')?.messages).toHaveLength(1);
  });
});

test('reconnect() acts at once in every state', () => {
  const states: Record<string, Machine> = {
    idle: machine(),
    opening: machine().dispatch({ type: 'connect' }),
    greeting: opened(machine().dispatch({ type: 'connect' })),
    live: machine().live('a'),
    waiting: lose(machine().live('a')),
    offline: lose(machine().live('a').dispatch({ type: 'offline' })),
    'needs-auth': lose(machine({ token: undefined }).live(), 4401),
    closed: machine().live().dispatch({ type: 'close' }),
  };
  for (const [status, client] of Object.entries(states)) {
    expect(client.state.connection.status).toBe(status);
    client.take();
    client.dispatch({ type: 'reconnect' });
    expect(client.state.connection.status, `from ${status}`).toBe('opening');
    expect(typesOf(client.take()).at(-1), `from ${status}`).toBe('open');
  }
});

test('close() leaves no deadline behind, and an event afterwards changes nothing', () => {
  const client = machine().live('a').dispatch({ type: 'close' });
  expect(client.take()).toMatchObject([{ type: 'close', code: 1000 }]);
  expect(typesOf(client.pass(600_000).take())).toEqual([]);
  client.dispatch({ type: 'online' }, { type: 'visible' });
  expect(client.take()).toEqual([]);
});

test('what the browser said before close() is forgotten: the next connection retries', () => {
  const client = machine()
    .live('a')
    .dispatch({ type: 'hidden' }, { type: 'offline' }, { type: 'close' }, { type: 'connect' });
  client.take();
  lose(client);
  expect(client.state.connection.status).toBe('waiting');
  expect(typesOf(client.pass(1_000).take())).toContain('open');
});

describe('P20 the clients of a node that falls come back over the span that it said', () => {
  const waitAfter = (
    spread: number | null,
    code: number,
    options: Parameters<typeof machine>[0] = {},
  ): unknown => {
    const client = machine(options, () => 0.5)
      .live('a')
      .receive({ type: 'pong', time: 1_000_000, spread });
    client.dispatch({ type: 'lost', attempt: client.state.attempt, code, reason: '' });
    const { connection } = client.state;
    return 'retryAt' in connection ? connection.retryAt - client.now : connection.status;
  };

  test('the first wait is a part of it, and no longer than the longest wait', () => {
    expect(waitAfter(4_000, 1006)).toBe(2_000);
    expect(waitAfter(4_000, 1012)).toBe(2_000);
    expect(waitAfter(4_000, 1006, { backoff: { max: 1_000 } })).toBe(500);
    expect(waitAfter(1e308, 1006)).toBe(15_000);
  });

  test('a node with few clients, one that says nothing, or a link that we gave up ourselves: as ever', () => {
    expect(waitAfter(2, 1006)).toBe(250);
    expect(waitAfter(null, 1006)).toBe(250);
    expect(waitAfter(-5, 1006)).toBe(250);
    expect(waitAfter(4_000, 4000)).toBe(250);
  });

  test('the waits after it are parts of twice as much, or double as ever where that is more', () => {
    const waits = (spread: number): readonly number[] => {
      const client = machine({}, () => 0.5)
        .live('a')
        .receive({ type: 'pong', time: 1_000_000, spread });
      return [1, 2, 3, 4].map(() => {
        lose(client);
        const { connection } = client.state;
        const wait = 'retryAt' in connection ? connection.retryAt - client.now : 0;
        client.pass(wait);
        return wait;
      });
    };
    expect(waits(4_000)).toEqual([2_000, 4_000, 4_000, 4_000]);
    expect(waits(1_000)).toEqual([500, 1_000, 1_000, 2_000]);
  });
});

describe('signals', () => {
  test('online retries now, but a flapping one does not retry faster than every 5 s', () => {
    const client = lose(machine({}, () => 0.999).live());
    client.take();
    expect(typesOf(client.dispatch({ type: 'online' }).take())).toEqual(['open']);
    lose(client);
    client.take();
    expect(typesOf(client.dispatch({ type: 'online' }).take())).toEqual([]);
    client.sleep(5_000);
    expect(typesOf(client.dispatch({ type: 'visible' }).take())).toEqual(['open']);
  });

  test.each(['offline', 'visible', 'online', 'pageshow'] as const)(
    '%s is not believed: a live link is probed for 2 s',
    (signal) => {
      const answered = machine().live('a').dispatch({ type: signal });
      expect(typesOf(answered.take())).toEqual(['write ping']);
      answered.receive({ type: 'pong', time: answered.now });
      expect(typesOf(answered.pass(2_000).take())).toEqual([]);
      expect(answered.state.connection.status).toBe('live');

      const dead = machine().live('a').dispatch({ type: signal });
      dead.take();
      expect(typesOf(dead.pass(2_000).take())).toEqual(['close']);
    },
  );

  test('without a network no attempt is spent; online starts one', () => {
    const client = lose(machine().live('a').dispatch({ type: 'offline' }));
    expect(client.state.connection.status).toBe('offline');
    client.take();
    expect(typesOf(client.pass(600_000).take())).toEqual([]);
    expect(typesOf(client.dispatch({ type: 'online' }).take())).toEqual(['open']);
  });

  test('a hidden page does not retry; a seen one does at once', () => {
    const client = lose(machine().live('a').dispatch({ type: 'hidden' }));
    client.take();
    expect(typesOf(client.pass(600_000).take())).toEqual([]);
    expect(typesOf(client.dispatch({ type: 'visible' }).take())).toEqual(['open']);
  });

  test('pagehide closes, a persisted pageshow resumes the session', () => {
    const client = machine().live('a');
    const { key } = client.state.session;
    expect(client.dispatch({ type: 'pagehide' }).take()).toMatchObject([{ type: 'close', code: 4010 }]);
    expect(typesOf(client.pass(600_000).take())).toEqual([]);
    expect(typesOf(client.dispatch({ type: 'pageshow' }).take())).toEqual(['open']);
    expect(opened(client).written()).toMatchObject([
      { type: 'hello', session: key },
      { type: 'join', position: ['e', 0, ''] },
    ]);
  });
});

test('lost is said after 5 s away, and taken back when it is over', () => {
  const client = lose(machine({}, () => 0.999).live());
  client.pass(4_999);
  expect(client.state.retry.isLong).toBe(false);
  client.pass(1);
  expect(client.state.retry.isLong).toBe(true);
  client.dispatch({ type: 'reconnect' });
  opened(client).receive(welcome());
  expect(client.state.retry).toMatchObject({ isLong: false, lostAt: null });
});
