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

function resume(it: Machine, last: number): Machine {
  it.dispatch({ type: 'reconnect' });
  it.dispatch({
    type: 'opened',
    attempt: it.state.attempt,
    transport: 'websocket',
    codec: 'json',
    token: null,
  }).receive(welcome());
  it.take();
  const position = it.state.rooms.get('a')?.log.position ?? { epoch: 'e', offset: 0, tag: '' };
  return it.receive(
    joinedFrame('a', { position: [position.epoch, position.offset, position.tag], recovered: true, last }),
  );
}

test('P28 numbers count from 1 in the order of the calls, across turns', () => {
  const it = machine().live('a');
  it.send(outgoing('x'), outgoing('y')).send(outgoing('z'));
  expect(sends(it.written())).toEqual(['1:x', '2:y', '3:z']);
});

test('a receipt settles its message; several in one acknowledgement settle in order', () => {
  const it = machine().live('a').send(outgoing('x'), outgoing('y'));
  it.take();
  expect(settledOf(it.receive(ack(1, 2)).take())).toEqual([
    ['x', 1],
    ['y', 2],
  ]);
  expect(it.state.rooms.get('a')?.outbox.entries.size).toBe(0);
});

test('P30 what was sent and not acknowledged is sent again with the same numbers, and the receipt of a duplicate settles it once', () => {
  const it = machine().live('a').send(outgoing('x'), outgoing('y'));
  it.take();
  resume(it, 2);
  expect(sends(it.written())).toEqual(['1:x', '2:y']);
  const duplicates = {
    ...ack(),
    receipts: [
      [1, 1, 5, true],
      [2, 2, 5, true],
    ] as const,
  };
  expect(settledOf(it.receive(duplicates).take())).toEqual([
    ['x', 1],
    ['y', 2],
  ]);
  expect(settledOf(it.receive(duplicates).take())).toEqual([]);
});

test('P30 acknowledged messages that the log lost are sent again, and settle nobody twice', () => {
  const it = machine().live('a').send(outgoing('x'), outgoing('y'), outgoing('z'));
  it.receive(ack(1, 2, 3));
  it.take();
  resume(it, 1);
  expect(sends(it.written())).toEqual(['2:y', '3:z']);
  expect(settledOf(it.receive(ack(2, 3)).take())).toEqual([]);
});

test('P32 numbers that nobody holds any more are said to be gone, with how many', () => {
  const it = machine().live('a').send(outgoing('x'), outgoing('y'));
  it.receive(ack(1, 2));
  it.sleep(130_000).receive(ack());
  it.send(outgoing('z')).receive({ type: 'pong', time: it.now }, ack(3));
  it.take();
  resume(it, 0);
  const effects = it.take();
  expect(effects).toContainEqual({ type: 'acked-lost', room: 'a', count: 2 });
  expect(sends(effects.flatMap((effect) => (effect.type === 'write' ? effect.frames : [])))).toEqual([
    '3:z<0',
  ]);
});

test('at most `window` are unacknowledged, and the server may want fewer', () => {
  const it = machine({ outbox: { window: 3 } })
    .live('a')
    .send(...Array.from({ length: 5 }, (_, index) => outgoing(`m${index}`)));
  expect(sends(it.written())).toHaveLength(3);
  expect(sends(it.receive(ack(1, 2)).written())).toEqual(['4:m3', '5:m4']);
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
    const it = machine()
      .live(...rooms)
      .send(
        ...rooms.flatMap((room) =>
          Array.from({ length: 200 }, (_, index) => outgoing(`${room}-${index}`, { room })),
        ),
      );
    expect(sends(it.written())).toHaveLength(1_024);
    expect(sends(it.receive({ ...ack(1, 2), room: 'r0' }).written())).toHaveLength(2);
  });

  test('have at most 512 KiB unacknowledged, and one message whatever its size', () => {
    const it = machine()
      .live(...rooms)
      .send(
        ...rooms.flatMap((room) => [
          outgoing(`${room}-1`, { room, bytes: 60_000 }),
          outgoing(`${room}-2`, { room, bytes: 60_000 }),
        ]),
      );
    expect(sends(it.written())).toEqual(rooms.slice(0, 4).flatMap((room) => [`1:${room}-1`, `2:${room}-2`]));
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
  const it = machine()
    .dispatch({ type: 'retain', room: 'a', history: 0, presence: null })
    .send(outgoing('x', { bytes: 5_000 }), outgoing('y'));
  it.dispatch(
    { type: 'connect' },
    { type: 'opened', attempt: 1, transport: 'websocket', codec: 'json', token: null },
  ).receive(welcome({ limits: { ...defaultLimits, frame: 1_000 } }), joinedFrame('a'));
  const effects = it.take();
  expect(settledOf(effects)).toEqual([['x', 'too-large']]);
  expect(sends(effects.flatMap((effect) => (effect.type === 'write' ? effect.frames : [])))).toEqual(['1:y']);
});

test('what failed takes up no room in the outbox', () => {
  const it = machine({ outbox: { limit: 2 } })
    .live('a')
    .send(outgoing('a1'), outgoing('a2'));
  it.receive(nack(1, 'rejected'), nack(2, 'rejected')).take();
  expect(settledOf(it.send(outgoing('a3'), outgoing('a4')).take())).toEqual([]);
});

test('P32 a number that was refused, or taken back before it left, is not told of as lost', () => {
  const it = machine().live('a').send(outgoing('x'), outgoing('y'), outgoing('z'));
  it.receive(ack(1), nack(2, 'rejected'), ack(3)).dispatch({ type: 'discard', room: 'a', id: 'y' });
  it.take();
  resume(it, 0);
  expect(it.take().filter(({ type }) => type === 'acked-lost')).toEqual([]);
});

test('acknowledged messages are not held for longer than two minutes, though nothing happens', () => {
  const it = machine().live('a').send(outgoing('x'));
  it.receive(ack(1)).sleep(3_600_000);
  resume(it, 0);
  const effects = it.take();
  expect(sends(effects.flatMap((effect) => (effect.type === 'write' ? effect.frames : [])))).toEqual([]);
  expect(effects).toContainEqual({ type: 'acked-lost', room: 'a', count: 1 });
});

test('one that was in doubt and is in the log after all has not failed', () => {
  const it = machine().live('a').send(outgoing('x'));
  it.receive({ type: 'left', room: 'a', code: 'denied' });
  expect(it.state.rooms.get('a')?.outbox.entries.get('x')?.failure?.code).toBe('in-doubt');
  it.dispatch(
    { type: 'release', room: 'a' },
    { type: 'retain', room: 'a', history: 0, presence: null },
  ).receive(joinedFrame('a', { last: 1 }), messageFrame('a', 1, { id: 'x', sender: 'me' }));
  expect(it.state.rooms.get('a')?.outbox.entries.has('x')).toBe(false);
});

test('a failed message of a room that was denied is tried again there', () => {
  const it = machine().live('a').send(outgoing('x')).receive({ type: 'left', room: 'a', code: 'denied' });
  it.take();
  it.dispatch({ type: 'retry', room: 'a', id: 'x' });
  expect(it.written()).toMatchObject([{ type: 'join', room: 'a' }]);
});

test('a backlog that is taken back while it flushes is no progress any more', () => {
  const it = machine({ outbox: { window: 1 } })
    .dispatch({ type: 'retain', room: 'a', history: 0, presence: null })
    .send(outgoing('x'), outgoing('y'));
  it.dispatch(
    { type: 'connect' },
    { type: 'opened', attempt: 1, transport: 'websocket', codec: 'json', token: null },
  ).receive(welcome(), joinedFrame('a'));
  expect(it.state.progress).toEqual({ done: 0, total: 2 });
  it.dispatch({ type: 'discard', room: 'a', id: 'y' }).receive(ack(1));
  expect(it.state.progress).toBeNull();
});

test('P31 a refusal settles one and holds up none', () => {
  const it = machine().live('a').send(outgoing('x'), outgoing('y'));
  it.take();
  expect(settledOf(it.receive(nack(1, 'rejected'), ack(2)).take())).toEqual([
    ['x', 'rejected'],
    ['y', 2],
  ]);
  expect(it.state.rooms.get('a')?.outbox.entries.get('x')?.failure).toMatchObject({
    code: 'rejected',
    message: 'why',
  });
});

test('P31 limited refuses nothing: the same number comes again after the wait', () => {
  const it = machine().live('a').send(outgoing('x'), outgoing('y'));
  it.take();
  expect(settledOf(it.receive(nack(1, 'limited', 300)).take())).toEqual([]);
  expect(sends(it.pass(299).written())).toEqual([]);
  expect(sends(it.pass(1).written())).toEqual(['1:x', '2:y']);
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
  const restore = (it: Machine, ...messages: readonly ReturnType<typeof stored>[]): Machine =>
    it.dispatch({ type: 'restored', session: { key: 'key', instance: 'instance' }, messages });
  const failures = (it: Machine): unknown[] =>
    Array.from(it.state.rooms.get('a')?.outbox.entries.values() ?? []).map(({ id, failure }) => [
      id,
      failure?.code ?? null,
    ]);
  const sent = (it: Machine): unknown[] =>
    it.written().flatMap((frame) => (frame.type === 'send' ? [[frame.id, frame.seq, frame.follows]] : []));

  test('waited in storage for 20 hours: it has failed as expired and does not leave, whether it had left or not; what is younger does', () => {
    const it = machine();
    restore(
      it,
      stored('left', 5, it.now - 20 * hour),
      stored('queued', null, it.now - 20 * hour),
      stored('young', 6, it.now - 20 * hour + 1_000),
    );
    expect(failures(it)).toEqual([
      ['left', 'expired'],
      ['queued', 'expired'],
      ['young', null],
    ]);
    it.dispatch({ type: 'retain', room: 'a', history: 0, presence: null }, { type: 'connect' });
    it.dispatch({ type: 'opened', attempt: 1, transport: 'websocket', codec: 'json', token: 't' });
    it.receive(welcome({ time: it.now }), joinedFrame('a', { last: 0 }));
    expect(sent(it)).toEqual([['young', 6, 0]]);
  });

  test('is tried again as a new one', () => {
    const it = machine();
    restore(it, stored('old', 5, it.now - 21 * hour));
    it.live('a');
    it.dispatch({ type: 'retry', room: 'a', id: 'old' });
    expect(failures(it)).toEqual([['old', null]]);
    it.dispatch({ type: 'stored', records: [['a', 'old', 6]] });
    expect(sent(it)).toEqual([['old', 6, 0]]);
  });

  test('left an open page whose machine slept: it is not sent again, and its promise says so', () => {
    const it = machine().live('a').send(outgoing('x'));
    it.dispatch({ type: 'lost', attempt: it.state.attempt, code: 1006, reason: '' }).take();
    it.sleep(20 * hour).dispatch({ type: 'tick' });
    expect(settledOf(it.take())).toEqual([['x', 'expired']]);
    expect(failures(it)).toEqual([['x', 'expired']]);
  });

  test('never left an open page without storage: it is new whenever it comes, and only its ttl counts', () => {
    const it = machine();
    it.dispatch({ type: 'retain', room: 'a', history: 0, presence: null }).send(outgoing('x'));
    it.sleep(48 * hour).live();
    it.receive(joinedFrame('a'));
    expect(sent(it)).toEqual([['x', 1, null]]);
  });

  test('is in flight on a connection that is there: it is answered there, however old it is', () => {
    const it = machine({ outbox: { maxAge: 1_000 } })
      .live('a')
      .send(outgoing('x'));
    it.take();
    it.pass(5_000).receive(messageFrame('a', 1));
    expect(settledOf(it.take())).toEqual([]);
    it.receive({ type: 'ack', room: 'a', epoch: 'e', receipts: [[1, 2, 0, false]] });
    expect(settledOf(it.take())).toEqual([['x', 2]]);
  });

  test('after how long is an option, in ms', () => {
    const it = machine({ outbox: { maxAge: 60_000 } });
    restore(it, stored('old', 1, it.now - 60_000), stored('young', 2, it.now - 59_999));
    expect(failures(it)).toEqual([
      ['old', 'expired'],
      ['young', null],
    ]);
    expect(() => machine({ outbox: { maxAge: 0 } })).toThrow('outbox.maxAge must be a number of at least 1');
  });
});

test('P28 after a gap it goes back to what the server lacks', () => {
  const it = machine().live('a').send(outgoing('x'), outgoing('y'), outgoing('z'));
  it.take();
  // Told twice in one message, it goes back once.
  it.receive(nack(3, 'gap', 1), nack(3, 'gap', 1)).pass(49);
  expect(it.take()).toEqual([]);
  expect(sends(it.pass(1).written())).toEqual(['1:x', '2:y', '3:z']);
});

describe('bounds', () => {
  test('a full outbox rejects the new message', () => {
    const it = machine({ outbox: { limit: 2 } }).send(outgoing('x'), outgoing('y'), outgoing('z'));
    expect(settledOf(it.take())).toEqual([['z', 'overflow']]);
    expect(it.state.rooms.get('a')?.outbox.entries.size).toBe(2);
  });

  test('bytes count too', () => {
    const it = machine({ outbox: { bytes: 25 } }).send(outgoing('x'), outgoing('y'), outgoing('z'));
    expect(settledOf(it.take())).toEqual([['z', 'overflow']]);
  });

  test('drop-oldest gives up the oldest that has not left, and never one that may have', () => {
    const it = machine({ outbox: { limit: 2, window: 1, overflow: 'drop-oldest' } })
      .live('a')
      .send(outgoing('x'), outgoing('y'));
    it.take();
    expect(settledOf(it.send(outgoing('z')).take())).toEqual([['y', 'overflow']]);
    expect([...(it.state.rooms.get('a')?.outbox.entries.keys() ?? [])]).toEqual(['x', 'z']);
  });

  test('drop-oldest gives up the oldest of all rooms', () => {
    const it = machine({ outbox: { limit: 2, overflow: 'drop-oldest' } })
      .dispatch({ type: 'retain', room: 'b', history: 0, presence: null })
      .send(outgoing('old'))
      .sleep(10);
    it.send(outgoing('newer', { room: 'b' })).take();
    expect(settledOf(it.send(outgoing('newest')).take())).toEqual([['old', 'overflow']]);
  });

  describe('a message that does not fit whatever gives way to it is refused, and nothing gives way', () => {
    const held = (it: ReturnType<typeof machine>): string[] => [
      ...(it.state.rooms.get('a')?.outbox.entries.keys() ?? []),
    ];
    const small = ['1', '2', '3', '4', '5', '6', '7', '8', '9'];

    test('drop-oldest, by its own bytes', () => {
      const it = machine({ outbox: { bytes: 100, overflow: 'drop-oldest' } });
      it.send(...small.map((id) => outgoing(id))).take();
      expect(settledOf(it.send(outgoing('huge', { bytes: 150 })).take())).toEqual([['huge', 'overflow']]);
      expect(held(it)).toEqual(small);
    });

    test('drop-oldest, since messages in flight keep their bytes', () => {
      const it = machine({ outbox: { bytes: 40, window: 1, overflow: 'drop-oldest' } })
        .live('a')
        .send(outgoing('in flight'), outgoing('queued'));
      it.take();
      expect(settledOf(it.send(outgoing('large', { bytes: 35 })).take())).toEqual([['large', 'overflow']]);
      expect(held(it)).toEqual(['in flight', 'queued']);
      // One byte less than what is in flight leaves fits, and then the queued one gives way.
      expect(settledOf(it.send(outgoing('fits', { bytes: 30 })).take())).toEqual([['queued', 'overflow']]);
    });

    test('drop-oldest, among other messages of one turn', () => {
      const it = machine({ outbox: { bytes: 100, overflow: 'drop-oldest' } });
      it.send(outgoing('1'), outgoing('huge', { bytes: 101 }), outgoing('2'));
      expect(settledOf(it.take())).toEqual([['huge', 'overflow']]);
      expect(held(it)).toEqual(['1', '2']);
    });

    test.each(['reject', 'drop-oldest'] as const)('%s: the older message of its key stays', (overflow) => {
      const it = machine({ outbox: { bytes: 100, overflow } });
      it.send(outgoing('older', { coalesceKey: 'k' }), outgoing('other')).take();
      it.send(outgoing('newer', { coalesceKey: 'k', bytes: 150 }));
      expect(settledOf(it.take())).toEqual([['newer', 'overflow']]);
      expect(held(it)).toEqual(['older', 'other']);
      it.live('a');
      expect(settledOf(it.receive(ack(1, 2)).take())).toEqual([
        ['older', 1],
        ['other', 2],
      ]);
    });
  });

  test('the newest of a key fits in the place of the one that it replaces', () => {
    const it = machine({ outbox: { limit: 2, bytes: 20, overflow: 'drop-oldest' } });
    it.send(outgoing('other'), outgoing('old', { coalesceKey: 'k' }), outgoing('new', { coalesceKey: 'k' }));
    expect(settledOf(it.take())).toEqual([]);
    expect([...(it.state.rooms.get('a')?.outbox.entries.keys() ?? [])]).toEqual(['other', 'new']);
  });

  test('a message that cannot leave in time expires, without a hole in the numbers', () => {
    const it = machine().send(outgoing('x', { ttl: 100 }), outgoing('y'));
    it.take();
    expect(it.pass(100).take()).toEqual([
      {
        type: 'settle',
        ids: ['x'],
        outcome: { code: 'expired', message: 'it could not leave within its ttl' },
      },
    ]);
    it.live('a');
    expect(it.state.rooms.get('a')?.outbox.entries.get('y')?.seq).toBe(1);
  });

  test('each expires at its own time, whatever order they came in', () => {
    const it = machine().send(
      outgoing('x', { ttl: 100 }),
      outgoing('y', { ttl: 300 }),
      outgoing('z', { ttl: 200 }),
    );
    it.take();
    const expired = [100, 100, 100].map((ms) => [it.pass(ms - 1).take(), it.pass(1).take()].map(settledOf));
    expect(expired).toEqual([
      [[], [['x', 'expired']]],
      [[], [['z', 'expired']]],
      [[], [['y', 'expired']]],
    ]);
  });

  test('ttl is of waiting to leave: a message in flight does not expire', () => {
    const it = machine()
      .live('a')
      .send(outgoing('x', { ttl: 100 }));
    it.take();
    expect(settledOf(it.pass(10_000).take())).toEqual([]);
  });

  test('the newest of a key replaces a queued older one, and both settle as it does', () => {
    const it = machine().send(
      outgoing('old', { coalesceKey: 'k' }),
      outgoing('other'),
      outgoing('new', { coalesceKey: 'k' }),
    );
    it.live('a');
    expect([...(it.state.rooms.get('a')?.outbox.entries.keys() ?? [])]).toEqual(['other', 'new']);
    expect(settledOf(it.receive(ack(1, 2)).take())).toEqual([
      ['other', 1],
      ['new old', 2],
    ]);
  });

  test('the newest of three of a key settles all of them, whether they come in one turn or in three', () => {
    const three = ['first', 'second', 'third'].map((id) => outgoing(id, { coalesceKey: 'k' }));
    const atOnce = machine().send(...three);
    const apart = three.reduce((it, message) => it.send(message), machine());
    for (const it of [atOnce, apart])
      expect(settledOf(it.live('a').receive(ack(1)).take())).toEqual([['third first second', 1]]);
  });

  test('a message that has left is not replaced', () => {
    const it = machine()
      .live('a')
      .send(outgoing('old', { coalesceKey: 'k' }));
    it.send(outgoing('new', { coalesceKey: 'k' }));
    expect(sends(it.written())).toEqual(['1:old', '2:new']);
  });
});

describe('what is counted against the bounds', () => {
  const full = { code: 'overflow', message: 'the outbox is full: 2 messages, 20 bytes' };
  const failures = (it: Machine): unknown[] =>
    it.take().flatMap((effect) => (effect.type === 'settle' ? [effect.outcome] : []));

  test('as many bytes as there may be are taken, and one more is refused with how full it is', () => {
    const it = machine({ outbox: { bytes: 20 } }).send(outgoing('x'), outgoing('y'));
    expect(settledOf(it.take())).toEqual([]);
    expect(failures(it.send(outgoing('z', { bytes: 1 })))).toEqual([full]);
  });

  test('a message that was refused takes no place from the next', () => {
    const it = machine({ outbox: { bytes: 20, limit: 2 } });
    it.send(outgoing('large', { bytes: 100 }), outgoing('x'), outgoing('y'), outgoing('z'));
    expect(settledOf(it.take())).toEqual([
      ['large', 'overflow'],
      ['z', 'overflow'],
    ]);
  });

  test('a message that the newest of its key replaces gives its place to it', () => {
    const it = machine({ outbox: { limit: 2, bytes: 20 } }).send(
      outgoing('old', { coalesceKey: 'k' }),
      outgoing('x'),
    );
    it.send(outgoing('new', { coalesceKey: 'k' }));
    expect(settledOf(it.take())).toEqual([]);
    expect([...(it.state.rooms.get('a')?.outbox.entries.keys() ?? [])]).toEqual(['x', 'new']);
  });

  test('of messages of one moment drop-oldest gives up the first', () => {
    const it = machine({ outbox: { limit: 2, overflow: 'drop-oldest' } }).send(outgoing('x'), outgoing('y'));
    it.send(outgoing('z'));
    expect(failures(it)).toEqual([{ code: 'overflow', message: 'dropped: the outbox is full' }]);
    expect([...(it.state.rooms.get('a')?.outbox.entries.keys() ?? [])]).toEqual(['y', 'z']);
  });

  test('drop-oldest gives up the oldest of all rooms, also where its room came first', () => {
    const it = machine({ outbox: { limit: 2, overflow: 'drop-oldest' } })
      .send(outgoing('old'))
      .sleep(10);
    it.send(outgoing('newer', { room: 'b' })).take();
    expect(settledOf(it.send(outgoing('newest')).take())).toEqual([['old', 'overflow']]);
  });

  test('drop-oldest never gives up a message in flight, also where its room comes last', () => {
    const it = machine({ outbox: { limit: 2, overflow: 'drop-oldest' } }).live();
    for (const room of ['a', 'b']) it.dispatch({ type: 'retain', room, history: 0, presence: null });
    it.receive(joinedFrame('b'))
      .send(outgoing('flying', { room: 'b' }))
      .sleep(10)
      .send(outgoing('queued'));
    expect(sends(it.written())).toEqual(['1:flying']);
    expect(settledOf(it.send(outgoing('newest')).take())).toEqual([['queued', 'overflow']]);
  });
});

describe('failed messages', () => {
  const codes = (it: Machine): unknown =>
    Array.from(it.state.rooms.get('a')?.outbox.entries.values() ?? [], ({ id, failure }) => [
      id,
      failure?.code ?? null,
    ]);
  const offline = (it: Machine): Machine =>
    it.dispatch({ type: 'lost', attempt: it.state.attempt, code: 1006, reason: '' });
  const ids = Array.from({ length: 101 }, (_, index) => `m${index + 1}`);

  test('of a room are 100 at most: the oldest is forgotten, and none that still waits', () => {
    const it = machine()
      .live('a')
      .send(outgoing('waits'), ...ids.map((id) => outgoing(id)));
    it.receive(...ids.map((_, index) => nack(index + 2, 'rejected')));
    const left = [...(it.state.rooms.get('a')?.outbox.entries.keys() ?? [])];
    expect([left.length, left[0], left[1]]).toEqual([101, 'waits', 'm2']);
  });

  test('all stay where they are in storage', () => {
    const it = machine()
      .dispatch({ type: 'restored', session: { key: 'key', instance: 'instance' }, messages: [] })
      .live('a')
      .send(...ids.map((id) => outgoing(id)))
      .dispatch({ type: 'stored', records: ids.map((id, index) => ['a', id, index + 1] as const) });
    it.receive(...ids.map((_, index) => nack(index + 1, 'rejected')));
    expect(it.state.rooms.get('a')?.outbox.entries.size).toBe(101);
  });

  test('a code that this version does not know is a rejection', () => {
    const it = machine().live('a').send(outgoing('x')).receive(nack(1, 'a-later-code'));
    expect(codes(it)).toEqual([['x', 'rejected']]);
  });

  test('keep the reason that they had when their room is denied later, or the client closed', () => {
    const it = machine().live('a').send(outgoing('x')).receive(nack(1, 'invalid'));
    it.receive({ type: 'left', room: 'a', code: 'denied' });
    expect(codes(it)).toEqual([['x', 'invalid']]);
    it.dispatch({ type: 'close' });
    expect(codes(it)).toEqual([['x', 'invalid']]);
    expect(it.state.rooms.get('a')?.outbox.entries.get('x')).toMatchObject({ seq: null, storedSeq: null });
  });

  test('one that is tried again can be taken back before it leaves, and settles no promise a second time', () => {
    const it = offline(machine().live('a').send(outgoing('x')).receive(nack(1, 'rejected')));
    it.dispatch({ type: 'retry', room: 'a', id: 'x' });
    expect(codes(it)).toEqual([['x', null]]);
    it.take();
    it.dispatch({ type: 'abort', room: 'a', id: 'x' });
    expect([codes(it), settledOf(it.take())]).toEqual([[], []]);
  });

  test('one that is tried again and gives way to a newer one stays, since no promise can tell of it', () => {
    const it = offline(
      machine({ outbox: { limit: 1, overflow: 'drop-oldest' } })
        .live('a')
        .send(outgoing('x'))
        .receive(nack(1, 'rejected')),
    );
    it.dispatch({ type: 'retry', room: 'a', id: 'x' }).send(outgoing('y'));
    expect(codes(it)).toEqual([
      ['x', 'overflow'],
      ['y', null],
    ]);
    it.send(outgoing('z'));
    expect(codes(it), 'one whose promise tells is gone').toEqual([
      ['x', 'overflow'],
      ['z', null],
    ]);
  });

  test('one that is tried again and replaced by the newest of its key does not settle twice', () => {
    const it = offline(
      machine()
        .live('a')
        .send(outgoing('x', { coalesceKey: 'k' }))
        .receive(nack(1, 'rejected')),
    );
    it.dispatch({ type: 'retry', room: 'a', id: 'x' }).send(outgoing('y', { coalesceKey: 'k' }));
    it.take();
    resume(it, 1);
    expect(settledOf(it.receive(ack(2)).take())).toEqual([['y', 2]]);
  });

  test('one that did not fail is not tried again', () => {
    const it = machine().live('a').send(outgoing('x'));
    it.take();
    it.dispatch({ type: 'retry', room: 'a', id: 'x' });
    expect(it.take()).toEqual([]);
    expect(settledOf(it.receive(ack(1)).take())).toEqual([['x', 1]]);
  });
});

describe('P32 numbers that the app knows to be in no log', () => {
  const gone = (it: Machine): unknown => [...(it.state.rooms.get('a')?.outbox.retiredSeqs ?? [])];

  test('are those of messages that were taken back with a number, and of no others', () => {
    const it = machine()
      .dispatch({ type: 'restored', session: { key: 'key', instance: 'instance' }, messages: [] })
      .live('a')
      .send(outgoing('x'), outgoing('y'));
    it.dispatch({ type: 'discard', room: 'a', id: 'x' });
    expect(gone(it)).toEqual([1]);
    it.dispatch({ type: 'stored', records: [['a', 'y', 2]] });
    expect(sends(it.written())).toEqual(['2:y<0']);
    resume(it, 0);
    expect(it.take().filter(({ type }) => type === 'acked-lost')).toEqual([]);
    const none = machine().send(outgoing('x')).dispatch({ type: 'discard', room: 'a', id: 'x' });
    expect(gone(none)).toEqual([]);
  });

  test('are kept of the last 1,000', () => {
    const it = machine().live('a');
    for (let seq = 1; seq <= 1_001; seq++)
      it.send(outgoing(`m${seq}`))
        .receive(nack(seq, 'rejected'))
        .dispatch({ type: 'discard', room: 'a', id: `m${seq}` });
    const kept = it.state.rooms.get('a')?.outbox.retiredSeqs ?? new Set();
    expect([kept.size, kept.has(1), kept.has(2), kept.has(1_001)]).toEqual([1_000, false, true, true]);
  });
});

describe('what becomes of a promise', () => {
  test('aborted while queued; what has left cannot be taken back', () => {
    const it = machine().send(outgoing('x'));
    expect(it.dispatch({ type: 'abort', room: 'a', id: 'x' }).take()).toContainEqual({
      type: 'settle',
      ids: ['x'],
      outcome: { code: 'aborted', message: 'taken back before it left' },
    });
    const flying = machine().live('a').send(outgoing('y'));
    flying.take();
    expect(settledOf(flying.dispatch({ type: 'abort', room: 'a', id: 'y' }).take())).toEqual([]);
  });

  test('close: in doubt if it left, closed if not', () => {
    const it = machine({ outbox: { window: 1 } })
      .live('a')
      .send(outgoing('x'), outgoing('y'));
    it.take();
    expect(settledOf(it.dispatch({ type: 'close' }).take())).toEqual([
      ['x', 'in-doubt'],
      ['y', 'closed'],
    ]);
  });

  test('after close the next connection counts anew, and reports nothing as lost by the log', () => {
    const it = machine().live('a').send(outgoing('x'), outgoing('y'));
    it.receive(nack(1, 'rejected'));
    it.dispatch({ type: 'close' });
    const { key } = it.state.session;
    it.take();
    it.dispatch({ type: 'connect' });
    it.dispatch({
      type: 'opened',
      attempt: it.state.attempt,
      transport: 'websocket',
      codec: 'json',
      token: null,
    });
    expect(it.written()).toMatchObject([
      { type: 'hello', session: key },
      { type: 'join', room: 'a', position: ['e', 0, ''] },
    ]);
    expect(key).not.toBe('key');
    it.receive(welcome(), joinedFrame('a', { recovered: true, last: 0 }));
    expect(it.take().filter(({ type }) => type === 'acked-lost')).toEqual([]);
    expect(sends(it.send(outgoing('z')).written())).toEqual(['1:z']);
  });

  test('P16 a session taken by another: what left is in doubt, the rest goes on under new numbers', () => {
    const it = machine({ outbox: { window: 1 } })
      .live('a')
      .send(outgoing('x'), outgoing('y'));
    it.take();
    it.dispatch({ type: 'lost', attempt: it.state.attempt, code: 4409, reason: '' });
    expect(settledOf(it.take())).toEqual([['x', 'in-doubt']]);
    resume(it, 0);
    expect(sends(it.written())).toEqual(['1:y']);
  });

  test('a failed message is sent again on retry, as the newest', () => {
    const it = machine().live('a').send(outgoing('x'));
    it.receive(nack(1, 'rejected'));
    it.take();
    it.dispatch({ type: 'retry', room: 'a', id: 'x' });
    expect(sends(it.written())).toEqual(['2:x']);
    expect(settledOf(it.receive(ack(2)).take())).toEqual([]);
    expect(it.state.rooms.get('a')?.outbox.entries.size).toBe(0);
  });

  test('a send after close rejects at once', () => {
    const it = machine().live('a').dispatch({ type: 'close' });
    it.take();
    expect(settledOf(it.send(outgoing('x')).take())).toEqual([['x', 'closed']]);
  });
});

test('a backlog reports its progress', () => {
  const it = machine().send(outgoing('x'), outgoing('y'), outgoing('z')).live('a');
  expect(it.state.progress).toEqual({ done: 0, total: 3 });
  it.receive(ack(1));
  expect(it.state.progress).toEqual({ done: 1, total: 3 });
  it.receive(ack(2, 3));
  expect(it.state.progress).toBeNull();
});
