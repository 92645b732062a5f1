// Own durable messages: numbered, sent, acknowledged, refused, given up.
import { describe, expect, test } from 'vitest';
import type { Entry } from '../../../../src/client/machine/model/entry.js';
import type { ClientFrame } from '../../../../src/protocol/frames.js';
import { defaultLimits } from '../../../../src/protocol/limits.js';
import {
  joinedFrame,
  machine,
  messageFrame,
  outgoing,
  settledOf,
  welcome,
  type Machine,
} from '../../../support/machine/run.js';

const sends = (frames: readonly ClientFrame[]): unknown[] =>
  frames.flatMap((frame) =>
    frame.type === 'send'
      ? [
          typeof frame.follows === 'number'
            ? `${frame.seq}:${frame.id}<${frame.follows}`
            : `${frame.seq}:${frame.id}`,
        ]
      : [],
  );
const ack = (...seqs: readonly number[]) => ({
  type: 'ack' as const,
  room: 'a',
  epoch: 'e',
  receipts: seqs.map((seq) => [seq, seq, 5, false] as const),
});
const nack = (seq: number, code: string, after: number | null = null) => ({
  type: 'nack' as const,
  room: 'a',
  seq,
  code,
  after,
  reason: 'why',
  details: null,
});

function resume(client: Machine, last: number): Machine {
  client.dispatch({ type: 'reconnect' });
  client
    .dispatch({
      type: 'opened',
      attempt: client.state.attempt,
      transport: 'websocket',
      codec: 'json',
      token: null,
    })
    .receive(welcome());
  client.take();
  const position = client.state.rooms.get('a')?.log.position ?? { epoch: 'e', offset: 0, tag: '' };
  return client.receive(
    joinedFrame('a', { position: [position.epoch, position.offset, position.tag], recovered: true, last }),
  );
}

test('P28 numbers count from 1 in the order of the calls, across turns', () => {
  const client = machine().live('a');
  client.send(outgoing('x'), outgoing('y')).send(outgoing('z'));
  expect(sends(client.written())).toEqual(['1:x', '2:y', '3:z']);
});

test('a receipt settles its message; several in one acknowledgement settle in order', () => {
  const client = machine().live('a').send(outgoing('x'), outgoing('y'));
  client.take();
  expect(settledOf(client.receive(ack(1, 2)).take())).toEqual([
    ['x', 1],
    ['y', 2],
  ]);
  expect(client.state.rooms.get('a')?.outbox.entries.size).toBe(0);
});

test('P30 what was sent and not acknowledged is sent again with the same numbers, and the receipt of a duplicate settles it once', () => {
  const client = machine().live('a').send(outgoing('x'), outgoing('y'));
  client.take();
  resume(client, 2);
  expect(sends(client.written())).toEqual(['1:x', '2:y']);
  const duplicates = {
    ...ack(),
    receipts: [
      [1, 1, 5, true],
      [2, 2, 5, true],
    ] as const,
  };
  expect(settledOf(client.receive(duplicates).take())).toEqual([
    ['x', 1],
    ['y', 2],
  ]);
  expect(settledOf(client.receive(duplicates).take())).toEqual([]);
});

test('P30 acknowledged messages that the log lost are sent again, and settle nobody twice', () => {
  const client = machine().live('a').send(outgoing('x'), outgoing('y'), outgoing('z'));
  client.receive(ack(1, 2, 3));
  client.take();
  resume(client, 1);
  expect(sends(client.written())).toEqual(['2:y', '3:z']);
  expect(settledOf(client.receive(ack(2, 3)).take())).toEqual([]);
});

test('P32 numbers that nobody holds any more are said to be gone, with how many', () => {
  const client = machine().live('a').send(outgoing('x'), outgoing('y'));
  client.receive(ack(1, 2));
  client.sleep(130_000).receive(ack());
  client.send(outgoing('z')).receive({ type: 'pong', time: client.now }, ack(3));
  client.take();
  resume(client, 0);
  const effects = client.take();
  expect(effects).toContainEqual({ type: 'acked-lost', room: 'a', count: 2 });
  expect(sends(effects.flatMap((effect) => (effect.type === 'write' ? effect.frames : [])))).toEqual([
    '3:z<0',
  ]);
});

test('at most `window` are unacknowledged, and the server may want fewer', () => {
  const client = machine({ outbox: { window: 3 } })
    .live('a')
    .send(...Array.from({ length: 5 }, (_, index) => outgoing(`m${index}`)));
  expect(sends(client.written())).toHaveLength(3);
  expect(sends(client.receive(ack(1, 2)).written())).toEqual(['4:m3', '5:m4']);
  const narrow = machine().dispatch(
    { type: 'retain', room: 'a', history: 0, presence: null },
    { type: 'connect' },
    { type: 'opened', attempt: 1, transport: 'websocket', codec: 'json', token: null },
  );
  narrow
    .receive(welcome({ limits: { ...defaultLimits, window: 2 } }), joinedFrame('a'))
    .send(outgoing('1'), outgoing('2'), outgoing('3'));
  expect(sends(narrow.written())).toHaveLength(2);
});

describe('all rooms of a connection together', () => {
  const rooms = Array.from({ length: 8 }, (_, index) => `r${index}`);

  test('have at most 1,024 messages unacknowledged', () => {
    const client = machine()
      .live(...rooms)
      .send(
        ...rooms.flatMap((room) =>
          Array.from({ length: 200 }, (_, index) => outgoing(`${room}-${index}`, { room })),
        ),
      );
    expect(sends(client.written())).toHaveLength(1_024);
    expect(sends(client.receive({ ...ack(1, 2), room: 'r0' }).written())).toHaveLength(2);
  });

  test('have at most 512 KiB unacknowledged, and one message whatever its size', () => {
    const client = machine()
      .live(...rooms)
      .send(
        ...rooms.flatMap((room) => [
          outgoing(`${room}-1`, { room, bytes: 60_000 }),
          outgoing(`${room}-2`, { room, bytes: 60_000 }),
        ]),
      );
    expect(sends(client.written())).toEqual(
      rooms.slice(0, 4).flatMap((room) => [`1:${room}-1`, `2:${room}-2`]),
    );
    const large = machine().dispatch(
      { type: 'retain', room: 'a', history: 0, presence: null },
      { type: 'connect' },
      { type: 'opened', attempt: 1, transport: 'websocket', codec: 'json', token: null },
    );
    large
      .receive(welcome({ limits: { ...defaultLimits, frame: 2_000_000 } }), joinedFrame('a'))
      .send(outgoing('x', { bytes: 1_000_000 }), outgoing('y'));
    expect(sends(large.written())).toEqual(['1:x']);
    expect(sends(large.receive(ack(1)).written())).toEqual(['2:y']);
  });
});

test('a message that this server would not take fails by name and holds up no other', () => {
  const client = machine()
    .dispatch({ type: 'retain', room: 'a', history: 0, presence: null })
    .send(outgoing('x', { bytes: 5_000 }), outgoing('y'));
  client
    .dispatch(
      { type: 'connect' },
      { type: 'opened', attempt: 1, transport: 'websocket', codec: 'json', token: null },
    )
    .receive(welcome({ limits: { ...defaultLimits, frame: 1_000 } }), joinedFrame('a'));
  const effects = client.take();
  expect(settledOf(effects)).toEqual([['x', 'too-large']]);
  expect(sends(effects.flatMap((effect) => (effect.type === 'write' ? effect.frames : [])))).toEqual(['1:y']);
});

test('what failed takes up no room in the outbox', () => {
  const client = machine({ outbox: { limit: 2 } })
    .live('a')
    .send(outgoing('a1'), outgoing('a2'));
  client.receive(nack(1, 'rejected'), nack(2, 'rejected')).take();
  expect(settledOf(client.send(outgoing('a3'), outgoing('a4')).take())).toEqual([]);
});

test('P32 a number that was refused, or taken back before it left, is not told of as lost', () => {
  const client = machine().live('a').send(outgoing('x'), outgoing('y'), outgoing('z'));
  client.receive(ack(1), nack(2, 'rejected'), ack(3)).dispatch({ type: 'discard', room: 'a', id: 'y' });
  client.take();
  resume(client, 0);
  expect(client.take().filter(({ type }) => type === 'acked-lost')).toEqual([]);
});

test('acknowledged messages are not held for longer than two minutes, though nothing happens', () => {
  const client = machine().live('a').send(outgoing('x'));
  client.receive(ack(1)).sleep(3_600_000);
  resume(client, 0);
  const effects = client.take();
  expect(sends(effects.flatMap((effect) => (effect.type === 'write' ? effect.frames : [])))).toEqual([]);
  expect(effects).toContainEqual({ type: 'acked-lost', room: 'a', count: 1 });
});

test('one that was in doubt and is in the log after all has not failed', () => {
  const client = machine().live('a').send(outgoing('x'));
  client.receive({ type: 'left', room: 'a', code: 'denied' });
  expect(client.state.rooms.get('a')?.outbox.entries.get('x')?.failure?.code).toBe('in-doubt');
  client
    .dispatch({ type: 'release', room: 'a' }, { type: 'retain', room: 'a', history: 0, presence: null })
    .receive(joinedFrame('a', { last: 1 }), messageFrame('a', 1, { id: 'x', sender: 'me' }));
  expect(client.state.rooms.get('a')?.outbox.entries.has('x')).toBe(false);
});

test('a failed message of a room that was denied is tried again there', () => {
  const client = machine().live('a').send(outgoing('x')).receive({ type: 'left', room: 'a', code: 'denied' });
  client.take();
  client.dispatch({ type: 'retry', room: 'a', id: 'x' });
  expect(client.written()).toMatchObject([{ type: 'join', room: 'a' }]);
});

test('a backlog that is taken back while it flushes is no progress any more', () => {
  const client = machine({ outbox: { window: 1 } })
    .dispatch({ type: 'retain', room: 'a', history: 0, presence: null })
    .send(outgoing('x'), outgoing('y'));
  client
    .dispatch(
      { type: 'connect' },
      { type: 'opened', attempt: 1, transport: 'websocket', codec: 'json', token: null },
    )
    .receive(welcome(), joinedFrame('a'));
  expect(client.state.progress).toEqual({ done: 0, total: 2 });
  client.dispatch({ type: 'discard', room: 'a', id: 'y' }).receive(ack(1));
  expect(client.state.progress).toBeNull();
});

test('P31 a refusal settles one and holds up none', () => {
  const client = machine().live('a').send(outgoing('x'), outgoing('y'));
  client.take();
  expect(settledOf(client.receive(nack(1, 'rejected'), ack(2)).take())).toEqual([
    ['x', 'rejected'],
    ['y', 2],
  ]);
  expect(client.state.rooms.get('a')?.outbox.entries.get('x')?.failure).toMatchObject({
    code: 'rejected',
    message: 'why',
  });
});

test('P31 limited refuses nothing: the same number comes again after the wait', () => {
  const client = machine().live('a').send(outgoing('x'), outgoing('y'));
  client.take();
  expect(settledOf(client.receive(nack(1, 'limited', 300)).take())).toEqual([]);
  expect(sends(client.pass(299).written())).toEqual([]);
  expect(sends(client.pass(1).written())).toEqual(['1:x', '2:y']);
});

describe('P33 a message that the server may have forgotten', () => {
  const hour = 3_600_000;
  const stored = (id: string, seq: number | null, at: number) => ({
    room: 'a',
    entry: { ...entryOf(id, at), seq, mayHaveBeenSent: seq !== null, storedSeq: seq, promiseSettled: true },
  });
  const entryOf = (id: string, at: number): Entry => ({
    id,
    type: 'post',
    version: 1,
    data: id,
    displayData: id,
    queuedAt: at,
    expiresAt: Infinity,
    coalesceKey: null,
    bytes: 10,
    seq: null,
    sentOn: null,
    mayHaveBeenSent: false,
    storedSeq: null,
    inLog: false,
    promiseSettled: false,
    failure: null,
    replaces: [],
  });
  const restore = (client: Machine, ...messages: readonly ReturnType<typeof stored>[]): Machine =>
    client.dispatch({ type: 'restored', session: { key: 'key', instance: 'instance' }, messages });
  const failures = (client: Machine): unknown[] =>
    Array.from(client.state.rooms.get('a')?.outbox.entries.values() ?? []).map(({ id, failure }) => [
      id,
      failure?.code ?? null,
    ]);
  const sent = (client: Machine): unknown[] =>
    client
      .written()
      .flatMap((frame) => (frame.type === 'send' ? [[frame.id, frame.seq, frame.follows]] : []));

  test('waited in storage for 20 hours: it has failed as expired and does not leave, whether it had left or not; what is younger does', () => {
    const client = machine();
    restore(
      client,
      stored('left', 5, client.now - 20 * hour),
      stored('queued', null, client.now - 20 * hour),
      stored('young', 6, client.now - 20 * hour + 1_000),
    );
    expect(failures(client)).toEqual([
      ['left', 'expired'],
      ['queued', 'expired'],
      ['young', null],
    ]);
    client.dispatch({ type: 'retain', room: 'a', history: 0, presence: null }, { type: 'connect' });
    client.dispatch({ type: 'opened', attempt: 1, transport: 'websocket', codec: 'json', token: 't' });
    client.receive(welcome({ time: client.now }), joinedFrame('a', { last: 0 }));
    expect(sent(client)).toEqual([['young', 6, 0]]);
  });

  test('is tried again as a new one', () => {
    const client = machine();
    restore(client, stored('old', 5, client.now - 21 * hour));
    client.live('a');
    client.dispatch({ type: 'retry', room: 'a', id: 'old' });
    expect(failures(client)).toEqual([['old', null]]);
    client.dispatch({ type: 'stored', records: [['a', 'old', 6]] });
    expect(sent(client)).toEqual([['old', 6, 0]]);
  });

  test('left an open page whose machine slept: it is not sent again, and its promise says so', () => {
    const client = machine().live('a').send(outgoing('x'));
    client.dispatch({ type: 'lost', attempt: client.state.attempt, code: 1006, reason: '' }).take();
    client.sleep(20 * hour).dispatch({ type: 'tick' });
    expect(settledOf(client.take())).toEqual([['x', 'expired']]);
    expect(failures(client)).toEqual([['x', 'expired']]);
  });

  test('never left an open page without storage: it is new whenever it comes, and only its ttl counts', () => {
    const client = machine();
    client.dispatch({ type: 'retain', room: 'a', history: 0, presence: null }).send(outgoing('x'));
    client.sleep(48 * hour).live();
    client.receive(joinedFrame('a'));
    expect(sent(client)).toEqual([['x', 1, null]]);
  });

  test('is in flight on a connection that is there: it is answered there, however old it is', () => {
    const client = machine({ outbox: { maxAge: 1_000 } })
      .live('a')
      .send(outgoing('x'));
    client.take();
    client.pass(5_000).receive(messageFrame('a', 1));
    expect(settledOf(client.take())).toEqual([]);
    client.receive({ type: 'ack', room: 'a', epoch: 'e', receipts: [[1, 2, 0, false]] });
    expect(settledOf(client.take())).toEqual([['x', 2]]);
  });

  test('after how long is an option, in ms', () => {
    const client = machine({ outbox: { maxAge: 60_000 } });
    restore(client, stored('old', 1, client.now - 60_000), stored('young', 2, client.now - 59_999));
    expect(failures(client)).toEqual([
      ['old', 'expired'],
      ['young', null],
    ]);
    expect(() => machine({ outbox: { maxAge: 0 } })).toThrow('outbox.maxAge must be a number of at least 1');
  });
});

test('P28 after a gap it goes back to what the server lacks', () => {
  const client = machine().live('a').send(outgoing('x'), outgoing('y'), outgoing('z'));
  client.take();
  // Told twice in one message, it goes back once.
  client.receive(nack(3, 'gap', 1), nack(3, 'gap', 1)).pass(49);
  expect(client.take()).toEqual([]);
  expect(sends(client.pass(1).written())).toEqual(['1:x', '2:y', '3:z']);
});

describe('bounds', () => {
  test('a full outbox rejects the new message', () => {
    const client = machine({ outbox: { limit: 2 } }).send(outgoing('x'), outgoing('y'), outgoing('z'));
    expect(settledOf(client.take())).toEqual([['z', 'overflow']]);
    expect(client.state.rooms.get('a')?.outbox.entries.size).toBe(2);
  });

  test('bytes count too', () => {
    const client = machine({ outbox: { bytes: 25 } }).send(outgoing('x'), outgoing('y'), outgoing('z'));
    expect(settledOf(client.take())).toEqual([['z', 'overflow']]);
  });

  test('drop-oldest gives up the oldest that has not left, and never one that may have', () => {
    const client = machine({ outbox: { limit: 2, window: 1, overflow: 'drop-oldest' } })
      .live('a')
      .send(outgoing('x'), outgoing('y'));
    client.take();
    expect(settledOf(client.send(outgoing('z')).take())).toEqual([['y', 'overflow']]);
    expect([...(client.state.rooms.get('a')?.outbox.entries.keys() ?? [])]).toEqual(['x', 'z']);
  });

  test('drop-oldest gives up the oldest of all rooms', () => {
    const client = machine({ outbox: { limit: 2, overflow: 'drop-oldest' } })
      .dispatch({ type: 'retain', room: 'b', history: 0, presence: null })
      .send(outgoing('old'))
      .sleep(10);
    client.send(outgoing('newer', { room: 'b' })).take();
    expect(settledOf(client.send(outgoing('newest')).take())).toEqual([['old', 'overflow']]);
  });

  describe('a message that does not fit whatever gives way to it is refused, and nothing gives way', () => {
    const held = (client: ReturnType<typeof machine>): string[] => [
      ...(client.state.rooms.get('a')?.outbox.entries.keys() ?? []),
    ];
    const small = ['1', '2', '3', '4', '5', '6', '7', '8', '9'];

    test('drop-oldest, by its own bytes', () => {
      const client = machine({ outbox: { bytes: 100, overflow: 'drop-oldest' } });
      client.send(...small.map((id) => outgoing(id))).take();
      expect(settledOf(client.send(outgoing('huge', { bytes: 150 })).take())).toEqual([['huge', 'overflow']]);
      expect(held(client)).toEqual(small);
    });

    test('drop-oldest, since messages in flight keep their bytes', () => {
      const client = machine({ outbox: { bytes: 40, window: 1, overflow: 'drop-oldest' } })
        .live('a')
        .send(outgoing('in flight'), outgoing('queued'));
      client.take();
      expect(settledOf(client.send(outgoing('large', { bytes: 35 })).take())).toEqual([
        ['large', 'overflow'],
      ]);
      expect(held(client)).toEqual(['in flight', 'queued']);
      // One byte less than what is in flight leaves fits, and then the queued one gives way.
      expect(settledOf(client.send(outgoing('fits', { bytes: 30 })).take())).toEqual([
        ['queued', 'overflow'],
      ]);
    });

    test('drop-oldest, among other messages of one turn', () => {
      const client = machine({ outbox: { bytes: 100, overflow: 'drop-oldest' } });
      client.send(outgoing('1'), outgoing('huge', { bytes: 101 }), outgoing('2'));
      expect(settledOf(client.take())).toEqual([['huge', 'overflow']]);
      expect(held(client)).toEqual(['1', '2']);
    });

    test.each(['reject', 'drop-oldest'] as const)('%s: the older message of its key stays', (overflow) => {
      const client = machine({ outbox: { bytes: 100, overflow } });
      client.send(outgoing('older', { coalesceKey: 'k' }), outgoing('other')).take();
      client.send(outgoing('newer', { coalesceKey: 'k', bytes: 150 }));
      expect(settledOf(client.take())).toEqual([['newer', 'overflow']]);
      expect(held(client)).toEqual(['older', 'other']);
      client.live('a');
      expect(settledOf(client.receive(ack(1, 2)).take())).toEqual([
        ['older', 1],
        ['other', 2],
      ]);
    });
  });

  test('the newest of a key fits in the place of the one that it replaces', () => {
    const client = machine({ outbox: { limit: 2, bytes: 20, overflow: 'drop-oldest' } });
    client.send(
      outgoing('other'),
      outgoing('old', { coalesceKey: 'k' }),
      outgoing('new', { coalesceKey: 'k' }),
    );
    expect(settledOf(client.take())).toEqual([]);
    expect([...(client.state.rooms.get('a')?.outbox.entries.keys() ?? [])]).toEqual(['other', 'new']);
  });

  test('a message that cannot leave in time expires, without a hole in the numbers', () => {
    const client = machine().send(outgoing('x', { ttl: 100 }), outgoing('y'));
    client.take();
    expect(client.pass(100).take()).toEqual([
      {
        type: 'settle',
        ids: ['x'],
        outcome: { code: 'expired', message: 'it could not leave within its ttl' },
      },
    ]);
    client.live('a');
    expect(client.state.rooms.get('a')?.outbox.entries.get('y')?.seq).toBe(1);
  });

  test('each expires at its own time, whatever order they came in', () => {
    const client = machine().send(
      outgoing('x', { ttl: 100 }),
      outgoing('y', { ttl: 300 }),
      outgoing('z', { ttl: 200 }),
    );
    client.take();
    const expired = [100, 100, 100].map((ms) =>
      [client.pass(ms - 1).take(), client.pass(1).take()].map(settledOf),
    );
    expect(expired).toEqual([
      [[], [['x', 'expired']]],
      [[], [['z', 'expired']]],
      [[], [['y', 'expired']]],
    ]);
  });

  test('ttl is of waiting to leave: a message in flight does not expire', () => {
    const client = machine()
      .live('a')
      .send(outgoing('x', { ttl: 100 }));
    client.take();
    expect(settledOf(client.pass(10_000).take())).toEqual([]);
  });

  test('the newest of a key replaces a queued older one, and both settle as it does', () => {
    const client = machine().send(
      outgoing('old', { coalesceKey: 'k' }),
      outgoing('other'),
      outgoing('new', { coalesceKey: 'k' }),
    );
    client.live('a');
    expect([...(client.state.rooms.get('a')?.outbox.entries.keys() ?? [])]).toEqual(['other', 'new']);
    expect(settledOf(client.receive(ack(1, 2)).take())).toEqual([
      ['other', 1],
      ['new old', 2],
    ]);
  });

  test('the newest of three of a key settles all of them, whether they come in one turn or in three', () => {
    const three = ['first', 'second', 'third'].map((id) => outgoing(id, { coalesceKey: 'k' }));
    const atOnce = machine().send(...three);
    const apart = three.reduce((client, message) => client.send(message), machine());
    for (const client of [atOnce, apart])
      expect(settledOf(client.live('a').receive(ack(1)).take())).toEqual([['third first second', 1]]);
  });

  test('a message that has left is not replaced', () => {
    const client = machine()
      .live('a')
      .send(outgoing('old', { coalesceKey: 'k' }));
    client.send(outgoing('new', { coalesceKey: 'k' }));
    expect(sends(client.written())).toEqual(['1:old', '2:new']);
  });
});

describe('what is counted against the bounds', () => {
  const full = { code: 'overflow', message: 'the outbox is full: 2 messages, 20 bytes' };
  const failures = (client: Machine): unknown[] =>
    client.take().flatMap((effect) => (effect.type === 'settle' ? [effect.outcome] : []));

  test('as many bytes as there may be are taken, and one more is refused with how full it is', () => {
    const client = machine({ outbox: { bytes: 20 } }).send(outgoing('x'), outgoing('y'));
    expect(settledOf(client.take())).toEqual([]);
    expect(failures(client.send(outgoing('z', { bytes: 1 })))).toEqual([full]);
  });

  test('a message that was refused takes no place from the next', () => {
    const client = machine({ outbox: { bytes: 20, limit: 2 } });
    client.send(outgoing('large', { bytes: 100 }), outgoing('x'), outgoing('y'), outgoing('z'));
    expect(settledOf(client.take())).toEqual([
      ['large', 'overflow'],
      ['z', 'overflow'],
    ]);
  });

  test('a message that the newest of its key replaces gives its place to it', () => {
    const client = machine({ outbox: { limit: 2, bytes: 20 } }).send(
      outgoing('old', { coalesceKey: 'k' }),
      outgoing('x'),
    );
    client.send(outgoing('new', { coalesceKey: 'k' }));
    expect(settledOf(client.take())).toEqual([]);
    expect([...(client.state.rooms.get('a')?.outbox.entries.keys() ?? [])]).toEqual(['x', 'new']);
  });

  test('of messages of one moment drop-oldest gives up the first', () => {
    const client = machine({ outbox: { limit: 2, overflow: 'drop-oldest' } }).send(
      outgoing('x'),
      outgoing('y'),
    );
    client.send(outgoing('z'));
    expect(failures(client)).toEqual([{ code: 'overflow', message: 'dropped: the outbox is full' }]);
    expect([...(client.state.rooms.get('a')?.outbox.entries.keys() ?? [])]).toEqual(['y', 'z']);
  });

  test('drop-oldest gives up the oldest of all rooms, also where its room came first', () => {
    const client = machine({ outbox: { limit: 2, overflow: 'drop-oldest' } })
      .send(outgoing('old'))
      .sleep(10);
    client.send(outgoing('newer', { room: 'b' })).take();
    expect(settledOf(client.send(outgoing('newest')).take())).toEqual([['old', 'overflow']]);
  });

  test('drop-oldest never gives up a message in flight, also where its room comes last', () => {
    const client = machine({ outbox: { limit: 2, overflow: 'drop-oldest' } }).live();
    for (const room of ['a', 'b']) client.dispatch({ type: 'retain', room, history: 0, presence: null });
    client
      .receive(joinedFrame('b'))
      .send(outgoing('flying', { room: 'b' }))
      .sleep(10)
      .send(outgoing('queued'));
    expect(sends(client.written())).toEqual(['1:flying']);
    expect(settledOf(client.send(outgoing('newest')).take())).toEqual([['queued', 'overflow']]);
  });
});

describe('failed messages', () => {
  const codes = (client: Machine): unknown =>
    Array.from(client.state.rooms.get('a')?.outbox.entries.values() ?? [], ({ id, failure }) => [
      id,
      failure?.code ?? null,
    ]);
  const offline = (client: Machine): Machine =>
    client.dispatch({ type: 'lost', attempt: client.state.attempt, code: 1006, reason: '' });
  const ids = Array.from({ length: 101 }, (_, index) => `m${index + 1}`);

  test('of a room are 100 at most: the oldest is forgotten, and none that still waits', () => {
    const client = machine()
      .live('a')
      .send(outgoing('waits'), ...ids.map((id) => outgoing(id)));
    client.receive(...ids.map((_, index) => nack(index + 2, 'rejected')));
    const left = [...(client.state.rooms.get('a')?.outbox.entries.keys() ?? [])];
    expect([left.length, left[0], left[1]]).toEqual([101, 'waits', 'm2']);
  });

  test('all stay where they are in storage', () => {
    const client = machine()
      .dispatch({ type: 'restored', session: { key: 'key', instance: 'instance' }, messages: [] })
      .live('a')
      .send(...ids.map((id) => outgoing(id)))
      .dispatch({ type: 'stored', records: ids.map((id, index) => ['a', id, index + 1] as const) });
    client.receive(...ids.map((_, index) => nack(index + 1, 'rejected')));
    expect(client.state.rooms.get('a')?.outbox.entries.size).toBe(101);
  });

  test('a code that this version does not know is a rejection', () => {
    const client = machine().live('a').send(outgoing('x')).receive(nack(1, 'a-later-code'));
    expect(codes(client)).toEqual([['x', 'rejected']]);
  });

  test('keep the reason that they had when their room is denied later, or the client closed', () => {
    const client = machine().live('a').send(outgoing('x')).receive(nack(1, 'invalid'));
    client.receive({ type: 'left', room: 'a', code: 'denied' });
    expect(codes(client)).toEqual([['x', 'invalid']]);
    client.dispatch({ type: 'close' });
    expect(codes(client)).toEqual([['x', 'invalid']]);
    expect(client.state.rooms.get('a')?.outbox.entries.get('x')).toMatchObject({
      seq: null,
      storedSeq: null,
    });
  });

  test('one that is tried again can be taken back before it leaves, and settles no promise a second time', () => {
    const client = offline(machine().live('a').send(outgoing('x')).receive(nack(1, 'rejected')));
    client.dispatch({ type: 'retry', room: 'a', id: 'x' });
    expect(codes(client)).toEqual([['x', null]]);
    client.take();
    client.dispatch({ type: 'abort', room: 'a', id: 'x' });
    expect([codes(client), settledOf(client.take())]).toEqual([[], []]);
  });

  test('one that is tried again and gives way to a newer one stays, since no promise can tell of it', () => {
    const client = offline(
      machine({ outbox: { limit: 1, overflow: 'drop-oldest' } })
        .live('a')
        .send(outgoing('x'))
        .receive(nack(1, 'rejected')),
    );
    client.dispatch({ type: 'retry', room: 'a', id: 'x' }).send(outgoing('y'));
    expect(codes(client)).toEqual([
      ['x', 'overflow'],
      ['y', null],
    ]);
    client.send(outgoing('z'));
    expect(codes(client), 'one whose promise tells is gone').toEqual([
      ['x', 'overflow'],
      ['z', null],
    ]);
  });

  test('one that is tried again and replaced by the newest of its key does not settle twice', () => {
    const client = offline(
      machine()
        .live('a')
        .send(outgoing('x', { coalesceKey: 'k' }))
        .receive(nack(1, 'rejected')),
    );
    client.dispatch({ type: 'retry', room: 'a', id: 'x' }).send(outgoing('y', { coalesceKey: 'k' }));
    client.take();
    resume(client, 1);
    expect(settledOf(client.receive(ack(2)).take())).toEqual([['y', 2]]);
  });

  test('one that did not fail is not tried again', () => {
    const client = machine().live('a').send(outgoing('x'));
    client.take();
    client.dispatch({ type: 'retry', room: 'a', id: 'x' });
    expect(client.take()).toEqual([]);
    expect(settledOf(client.receive(ack(1)).take())).toEqual([['x', 1]]);
  });
});

describe('P32 numbers that the app knows to be in no log', () => {
  const gone = (client: Machine): unknown => [...(client.state.rooms.get('a')?.outbox.retiredSeqs ?? [])];

  test('are those of messages that were taken back with a number, and of no others', () => {
    const client = machine()
      .dispatch({ type: 'restored', session: { key: 'key', instance: 'instance' }, messages: [] })
      .live('a')
      .send(outgoing('x'), outgoing('y'));
    client.dispatch({ type: 'discard', room: 'a', id: 'x' });
    expect(gone(client)).toEqual([1]);
    client.dispatch({ type: 'stored', records: [['a', 'y', 2]] });
    expect(sends(client.written())).toEqual(['2:y<0']);
    resume(client, 0);
    expect(client.take().filter(({ type }) => type === 'acked-lost')).toEqual([]);
    const none = machine().send(outgoing('x')).dispatch({ type: 'discard', room: 'a', id: 'x' });
    expect(gone(none)).toEqual([]);
  });

  test('are kept of the last 1,000', () => {
    const client = machine().live('a');
    for (let seq = 1; seq <= 1_001; seq++)
      client
        .send(outgoing(`m${seq}`))
        .receive(nack(seq, 'rejected'))
        .dispatch({ type: 'discard', room: 'a', id: `m${seq}` });
    const kept = client.state.rooms.get('a')?.outbox.retiredSeqs ?? new Set();
    expect([kept.size, kept.has(1), kept.has(2), kept.has(1_001)]).toEqual([1_000, false, true, true]);
  });
});

describe('what becomes of a promise', () => {
  test('aborted while queued; what has left cannot be taken back', () => {
    const client = machine().send(outgoing('x'));
    expect(client.dispatch({ type: 'abort', room: 'a', id: 'x' }).take()).toContainEqual({
      type: 'settle',
      ids: ['x'],
      outcome: { code: 'aborted', message: 'taken back before it left' },
    });
    const flying = machine().live('a').send(outgoing('y'));
    flying.take();
    expect(settledOf(flying.dispatch({ type: 'abort', room: 'a', id: 'y' }).take())).toEqual([]);
  });

  test('close: in doubt if it left, closed if not', () => {
    const client = machine({ outbox: { window: 1 } })
      .live('a')
      .send(outgoing('x'), outgoing('y'));
    client.take();
    expect(settledOf(client.dispatch({ type: 'close' }).take())).toEqual([
      ['x', 'in-doubt'],
      ['y', 'closed'],
    ]);
  });

  test('after close the next connection counts anew, and reports nothing as lost by the log', () => {
    const client = machine().live('a').send(outgoing('x'), outgoing('y'));
    client.receive(nack(1, 'rejected'));
    client.dispatch({ type: 'close' });
    const { key } = client.state.session;
    client.take();
    client.dispatch({ type: 'connect' });
    client.dispatch({
      type: 'opened',
      attempt: client.state.attempt,
      transport: 'websocket',
      codec: 'json',
      token: null,
    });
    expect(client.written()).toMatchObject([
      { type: 'hello', session: key },
      { type: 'join', room: 'a', position: ['e', 0, ''] },
    ]);
    expect(key).not.toBe('key');
    client.receive(welcome(), joinedFrame('a', { recovered: true, last: 0 }));
    expect(client.take().filter(({ type }) => type === 'acked-lost')).toEqual([]);
    expect(sends(client.send(outgoing('z')).written())).toEqual(['1:z']);
  });

  test('P16 a session taken by another: what left is in doubt, the rest goes on under new numbers', () => {
    const client = machine({ outbox: { window: 1 } })
      .live('a')
      .send(outgoing('x'), outgoing('y'));
    client.take();
    client.dispatch({ type: 'lost', attempt: client.state.attempt, code: 4409, reason: '' });
    expect(settledOf(client.take())).toEqual([['x', 'in-doubt']]);
    resume(client, 0);
    expect(sends(client.written())).toEqual(['1:y']);
  });

  test('a failed message is sent again on retry, as the newest', () => {
    const client = machine().live('a').send(outgoing('x'));
    client.receive(nack(1, 'rejected'));
    client.take();
    client.dispatch({ type: 'retry', room: 'a', id: 'x' });
    expect(sends(client.written())).toEqual(['2:x']);
    expect(settledOf(client.receive(ack(2)).take())).toEqual([]);
    expect(client.state.rooms.get('a')?.outbox.entries.size).toBe(0);
  });

  test('a send after close rejects at once', () => {
    const client = machine().live('a').dispatch({ type: 'close' });
    client.take();
    expect(settledOf(client.send(outgoing('x')).take())).toEqual([['x', 'closed']]);
  });
});

test('a backlog reports its progress', () => {
  const client = machine().send(outgoing('x'), outgoing('y'), outgoing('z')).live('a');
  expect(client.state.progress).toEqual({ done: 0, total: 3 });
  client.receive(ack(1));
  expect(client.state.progress).toEqual({ done: 1, total: 3 });
  client.receive(ack(2, 3));
  expect(client.state.progress).toBeNull();
});
