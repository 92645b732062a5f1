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

const lose = (it: Machine, code = 1006): Machine =>
  it.dispatch({ type: 'lost', attempt: it.state.attempt, code, reason: '' });
const opened = (it: Machine): Machine =>
  it.dispatch({
    type: 'opened',
    attempt: it.state.attempt,
    transport: 'websocket',
    codec: 'json',
    token: 't',
  });

test('idle opens nothing until the app asks', () => {
  const it = machine().dispatch({ type: 'retain', room: 'a', history: 0, presence: null }).pass(60_000);
  expect(it.take()).toEqual([]);
  expect(it.state.connection.status).toBe('idle');
});

test('P12 P13 hello is written first, with the joins behind it in one write, and nothing else before welcome', () => {
  const it = machine().dispatch(
    { type: 'retain', room: 'a', history: 0, presence: { n: 1 } },
    { type: 'connect' },
  );
  it.send({
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
  expect(typesOf(it.take())).toEqual(['open']);
  expect(typesOf(opened(it).take())).toEqual(['write hello join']);
  expect(typesOf(it.receive(welcome()).take())).toEqual([]);
  expect(typesOf(it.receive(joinedFrame('a')).take())).toEqual(['write send']);
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
  const it = lose(machine({}, () => 0.25).live());
  expect(it.state.connection).toEqual({ status: 'waiting', retryAt: it.now + 125 });
});

test('P20 what failed is over once its rooms are back; connections that end soon after that count until one lasts', () => {
  const it = machine({}, () => 0.999).dispatch(
    { type: 'retain', room: 'a', history: 0, presence: null },
    { type: 'connect' },
  );
  for (let count = 0; count < 3; count++) lose(it).pass(10_000);
  expect(it.state.retry.failures).toBe(3);
  /** Connects once more, and loses that after so many ms. */
  const once = (joined: boolean, ms: number): number => {
    it.dispatch({ type: 'reconnect' });
    opened(it)
      .receive(welcome(), ...(joined ? [joinedFrame('a')] : []))
      .pass(ms);
    return lose(it).state.retry.failures;
  };
  expect(once(false, 10_000)).toBe(4);
  expect([once(true, 4_999), once(true, 4_999), once(true, 4_999)]).toEqual([1, 2, 3]);
  expect(once(false, 10_000), 'one that never got there failed').toBe(4);
  expect(once(true, 5_000)).toBe(1);
});

test('after as many failed attempts as the app allows it is closed, and says so', () => {
  const it = machine({ backoff: { attempts: 2 } }).dispatch({ type: 'connect' });
  lose(it).pass(60_000);
  lose(it).pass(60_000);
  lose(it).pass(60_000);
  expect(it.state.connection).toEqual({ status: 'closed' });
  expect(it.state.attempt).toBe(3);
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
    const it = lose(machine().live().pass(5_000), 4401);
    expect(typesOf(it.take())).toContain('open');
    lose(opened(it), 4401);
    expect(it.state.connection.status).toBe('needs-auth');
    it.take();
    expect(typesOf(it.pass(600_000).take())).toEqual([]);
    expect(typesOf(it.dispatch({ type: 'connect' }).take())).toEqual(['open']);
  });

  test('4401 without a token to ask for needs the app at once', () => {
    expect(lose(machine({ token: undefined }).live(), 4401).state.connection.status).toBe('needs-auth');
  });

  test.each([1000, 4009, 4400, 4403, 4406])(
    '%i settles whatever waits: nothing will come of it before the app connects again',
    (code) => {
      const it = machine()
        .live('a')
        .send(outgoing('sent'))
        .dispatch(
          { type: 'history', ref: 9, room: 'a', before: null, limit: 10, list: null },
          { type: 'broadcast', room: 'a', message: 'x', version: 1, data: 1 },
        );
      it.send(outgoing('queued', { room: 'b' })).take();
      const effects = lose(it, code).take();
      expect(settledOf(effects)).toEqual([
        ['sent', 'in-doubt'],
        ['queued', 'closed'],
      ]);
      expect(effects).toContainEqual({
        type: 'history',
        ref: 9,
        outcome: expect.objectContaining({ code: 'closed' }) as unknown,
      });
      expect(it.state.session.key).toBe('k1');
      it.dispatch({ type: 'connect' });
      expect(it.state.connection.status).toBe('opening');
    },
  );

  test('4401 for good keeps what waits: a new token may still send it', () => {
    const it = machine({ token: undefined }).live('a').send(outgoing('x'));
    it.take();
    expect(settledOf(lose(it, 4401).take())).toEqual([]);
    expect(it.state.session.key).toBe('key');
  });

  test('P16 4409 makes a new session', () => {
    const it = lose(machine().live(), 4409);
    expect(it.state.session).toEqual({ key: 'k1', instance: 'i1' });
    expect(it.state.connection.status).toBe('waiting');
  });
});

describe('a socket that never says close', () => {
  test('is left by identity: what it says later changes nothing', () => {
    const it = machine().live('a');
    const old = it.state.attempt;
    it.dispatch({ type: 'reconnect' });
    expect(it.take()).toMatchObject([
      { type: 'close', attempt: old, code: 4011 },
      { type: 'open', attempt: old + 1 },
    ]);
    const before = it.state;
    it.dispatch(
      { type: 'lost', attempt: old, code: 1006, reason: '' },
      { type: 'received', attempt: old, frames: [welcome()] },
      { type: 'opened', attempt: old, transport: 'websocket', codec: 'json', token: null },
    );
    expect(it.state).toBe(before);
    expect(it.take()).toEqual([]);
  });
});

describe('another user than before', () => {
  const as = (id: string | null) => welcome({ member: `member of ${id}`, user: id === null ? null : { id } });
  const again = (it: Machine, id: string | null): Machine =>
    opened(it.dispatch({ type: 'reconnect' })).receive(
      as(id),
      joinedFrame('a', { position: ['e', 1, 't1'], recovered: true }),
    );
  const ada = (): Machine => {
    const it = machine().dispatch(
      { type: 'retain', room: 'a', history: 0, presence: null },
      { type: 'list-retain', room: 'a', list: '*', limit: 9, ref: 1 },
      { type: 'connect' },
    );
    opened(it)
      .receive(as('ada'), joinedFrame('a'), messageFrame('a', 1))
      .dispatch({ type: 'lost', attempt: 1, code: 1006, reason: '' })
      .send(outgoing('of ada'));
    it.take();
    return it;
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
    const it = ada();
    expect(it.state.rooms.get('a')?.lists.byType.get('*')?.messages).toHaveLength(1);
    expect(again(it, 'bob').state.rooms.get('a')?.lists.byType.get('*')?.messages).toEqual([]);
  });

  test('is another though the same is shown of the two: the server makes another member of the same key', () => {
    const it = machine().dispatch(
      { type: 'retain', room: 'a', history: 0, presence: null },
      { type: 'connect' },
    );
    opened(it)
      .receive(welcome({ member: 'm1', user: { id: 'anonymous' } }))
      .dispatch({ type: 'lost', attempt: 1, code: 1006, reason: '' })
      .send(outgoing('of the first'));
    it.take();
    expect(
      settledOf(
        opened(it.dispatch({ type: 'reconnect' }))
          .receive(welcome({ member: 'm2', user: { id: 'anonymous' } }))
          .take(),
      ),
    ).toEqual([['of the first', 'closed']]);
  });

  test('the same user goes on', () => {
    const it = again(ada(), 'ada');
    expect(typesOf(it.take())).toContain('write send');
    expect(it.state.rooms.get('a')?.lists.byType.get('*')?.messages).toHaveLength(1);
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
  for (const [status, it] of Object.entries(states)) {
    expect(it.state.connection.status).toBe(status);
    it.take();
    it.dispatch({ type: 'reconnect' });
    expect(it.state.connection.status, `from ${status}`).toBe('opening');
    expect(typesOf(it.take()).at(-1), `from ${status}`).toBe('open');
  }
});

test('close() leaves no deadline behind, and an event afterwards changes nothing', () => {
  const it = machine().live('a').dispatch({ type: 'close' });
  expect(it.take()).toMatchObject([{ type: 'close', code: 1000 }]);
  expect(typesOf(it.pass(600_000).take())).toEqual([]);
  it.dispatch({ type: 'online' }, { type: 'visible' });
  expect(it.take()).toEqual([]);
});

test('what the browser said before close() is forgotten: the next connection retries', () => {
  const it = machine()
    .live('a')
    .dispatch({ type: 'hidden' }, { type: 'offline' }, { type: 'close' }, { type: 'connect' });
  it.take();
  lose(it);
  expect(it.state.connection.status).toBe('waiting');
  expect(typesOf(it.pass(1_000).take())).toContain('open');
});

describe('P20 the clients of a node that falls come back over the span that it said', () => {
  const waitAfter = (
    spread: number | null,
    code: number,
    options: Parameters<typeof machine>[0] = {},
  ): unknown => {
    const it = machine(options, () => 0.5)
      .live('a')
      .receive({ type: 'pong', time: 1_000_000, spread });
    it.dispatch({ type: 'lost', attempt: it.state.attempt, code, reason: '' });
    const { connection } = it.state;
    return 'retryAt' in connection ? connection.retryAt - it.now : connection.status;
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
      const it = machine({}, () => 0.5)
        .live('a')
        .receive({ type: 'pong', time: 1_000_000, spread });
      return [1, 2, 3, 4].map(() => {
        lose(it);
        const { connection } = it.state;
        const wait = 'retryAt' in connection ? connection.retryAt - it.now : 0;
        it.pass(wait);
        return wait;
      });
    };
    expect(waits(4_000)).toEqual([2_000, 4_000, 4_000, 4_000]);
    expect(waits(1_000)).toEqual([500, 1_000, 1_000, 2_000]);
  });
});

describe('signals', () => {
  test('online retries now, but a flapping one does not retry faster than every 5 s', () => {
    const it = lose(machine({}, () => 0.999).live());
    it.take();
    expect(typesOf(it.dispatch({ type: 'online' }).take())).toEqual(['open']);
    lose(it);
    it.take();
    expect(typesOf(it.dispatch({ type: 'online' }).take())).toEqual([]);
    it.sleep(5_000);
    expect(typesOf(it.dispatch({ type: 'visible' }).take())).toEqual(['open']);
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
    const it = lose(machine().live('a').dispatch({ type: 'offline' }));
    expect(it.state.connection.status).toBe('offline');
    it.take();
    expect(typesOf(it.pass(600_000).take())).toEqual([]);
    expect(typesOf(it.dispatch({ type: 'online' }).take())).toEqual(['open']);
  });

  test('a hidden page does not retry; a seen one does at once', () => {
    const it = lose(machine().live('a').dispatch({ type: 'hidden' }));
    it.take();
    expect(typesOf(it.pass(600_000).take())).toEqual([]);
    expect(typesOf(it.dispatch({ type: 'visible' }).take())).toEqual(['open']);
  });

  test('pagehide closes, a persisted pageshow resumes the session', () => {
    const it = machine().live('a');
    const { key } = it.state.session;
    expect(it.dispatch({ type: 'pagehide' }).take()).toMatchObject([{ type: 'close', code: 4010 }]);
    expect(typesOf(it.pass(600_000).take())).toEqual([]);
    expect(typesOf(it.dispatch({ type: 'pageshow' }).take())).toEqual(['open']);
    expect(opened(it).written()).toMatchObject([
      { type: 'hello', session: key },
      { type: 'join', position: ['e', 0, ''] },
    ]);
  });
});

test('lost is said after 5 s away, and taken back when it is over', () => {
  const it = lose(machine({}, () => 0.999).live());
  it.pass(4_999);
  expect(it.state.retry.isLong).toBe(false);
  it.pass(1);
  expect(it.state.retry.isLong).toBe(true);
  it.dispatch({ type: 'reconnect' });
  opened(it).receive(welcome());
  expect(it.state.retry).toMatchObject({ isLong: false, lostAt: null });
});
