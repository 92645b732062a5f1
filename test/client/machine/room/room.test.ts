// Rooms on one socket: users counted, positions kept, holes noticed, presence remembered.
import { describe, expect, test } from 'vitest';
import type { ServerFrame } from '../../../../src/protocol/frames.js';
import { deadline } from '../../../support/machine/all-slices.js';
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

const room = (it: Machine, id = 'a') => {
  const found = it.state.rooms.get(id);
  if (!found) throw new Error(`no room ${id}`);
  return found;
};
const delivered = (it: Machine): unknown[] =>
  it.take().flatMap((effect) => (effect.type === 'deliver' ? effect.messages.map(({ data }) => data) : []));
const retain = { type: 'retain', room: 'a', history: 0, presence: null } as const;
const release = { type: 'release', room: 'a' } as const;
const list = (it: Machine, key = '*') =>
  room(it)
    .lists.byType.get(key)
    ?.messages.map(({ data }) => data);

function reconnect(it: Machine): Machine {
  it.dispatch({ type: 'reconnect' });
  it.dispatch({
    type: 'opened',
    attempt: it.state.attempt,
    transport: 'websocket',
    codec: 'json',
    token: null,
  });
  return it;
}

describe('users of a room', () => {
  test('the second sends nothing, and the first to go leaves nothing', () => {
    const it = machine().live('a').dispatch(retain);
    expect(it.written()).toEqual([]);
    it.dispatch(release).pass(5_000);
    expect(it.written()).toEqual([]);
  });

  test('the last leaves late enough that a remount or a route change causes no traffic', () => {
    const it = machine().live('a').dispatch(release).pass(900).dispatch(retain).pass(5_000);
    expect(it.written()).toEqual([]);
    it.dispatch(release).pass(1_000);
    expect(it.written()).toEqual([{ type: 'leave', room: 'a' }]);
    expect(it.state.rooms.has('a')).toBe(false);
  });

  test('a room is not left while its messages wait', () => {
    const it = machine().live('a').send(outgoing('x')).dispatch(release).pass(5_000);
    expect(typesOf(it.take())).toEqual(['write send']);
    it.receive({ type: 'ack', room: 'a', epoch: 'e', receipts: [[1, 1, 0, false]] });
    expect(typesOf(it.take())).toEqual(['settle', 'write leave']);
  });

  test('a message to a room that nobody uses joins it, leaves, and rings no alarm ever after', () => {
    const it = machine()
      .live()
      .send(outgoing('x', { room: 'b' }));
    expect(it.written()).toMatchObject([{ type: 'join', room: 'b' }]);
    it.receive(joinedFrame('b'));
    expect(it.written()).toMatchObject([{ type: 'send', id: 'x' }]);
    it.receive({ type: 'ack', room: 'b', epoch: 'e', receipts: [[1, 1, 0, false]] }).pass(1_000);
    expect(it.written()).toEqual([{ type: 'leave', room: 'b' }]);
  });

  test('many rooms travel on one socket, their joins in one write', () => {
    const it = machine();
    for (const id of ['a', 'b', 'c']) it.dispatch({ ...retain, room: id });
    it.dispatch(
      { type: 'connect' },
      { type: 'opened', attempt: 1, transport: 'websocket', codec: 'json', token: null },
    );
    expect(typesOf(it.take())).toEqual(['open', 'write hello join join join']);
  });
});

describe('the log', () => {
  test('P24 entries in a row are delivered once, in order, in one batch', () => {
    const it = machine().live('a').dispatch({ type: 'list-retain', room: 'a', list: '*', limit: 10, ref: 1 });
    it.take();
    it.receive(
      messageFrame('a', 1),
      messageFrame('a', 2),
      messageFrame('a', 2),
      messageFrame('a', 1),
      messageFrame('a', 3),
    );
    const batches = it.take().filter(({ type }) => type === 'deliver');
    expect(batches).toHaveLength(1);
    expect(list(it)).toEqual([1, 2, 3]);
    expect(room(it).log.position).toEqual({ epoch: 'e', offset: 3, tag: 't3' });
  });

  test('P24 a hole stops delivery: the room joins again from where it stands, and goes on once it has what was missing', () => {
    const it = machine().live('a').pass(1_000).receive(messageFrame('a', 1));
    it.take();
    it.receive(messageFrame('a', 3), messageFrame('a', 4));
    expect(room(it).log.continuity).toBe('gap');
    expect(it.written()).toMatchObject([{ type: 'join', room: 'a', position: ['e', 1, 't1'] }]);
    it.receive(messageFrame('a', 5));
    expect(delivered(it)).toEqual([]);
    const entries = [2, 3, 4, 5].map(
      (offset) => (messageFrame('a', offset) as Extract<ServerFrame, { type: 'message' }>).entry,
    );
    it.receive(joinedFrame('a', { position: ['e', 1, 't1'], recovered: true, messages: entries }));
    expect(delivered(it)).toEqual([2, 3, 4, 5]);
    expect(room(it).log.continuity).toBe('recovered');
  });

  test('P24 an entry with the right offset and the wrong link is a hole too: the log went back in time', () => {
    const it = machine().live('a').pass(1_000).receive(messageFrame('a', 1));
    it.take();
    it.receive(messageFrame('a', 2, { previous: 'elsewhere' }));
    expect(it.written()).toMatchObject([{ type: 'join', position: ['e', 1, 't1'] }]);
  });

  test.each([
    ['of the offset where it stands, with another tag', messageFrame('a', 2, { tag: 'other' })],
    ['that links to its position from further on', messageFrame('a', 5, { previous: 't2' })],
  ])('P24 an entry %s is a hole too', (_what, frame) => {
    const it = machine().live('a').pass(1_000).receive(messageFrame('a', 1), messageFrame('a', 2));
    it.take();
    const effects = it.receive(frame).take();
    expect(typesOf(effects)).toEqual(['write join']);
    expect(room(it).log).toMatchObject({ continuity: 'gap', position: { offset: 2, tag: 't2' } });
  });

  test('P24 an entry that is there already changes nothing', () => {
    const it = machine().live('a').receive(messageFrame('a', 1), messageFrame('a', 2));
    it.take();
    const before = room(it);
    it.receive(messageFrame('a', 2), messageFrame('a', 1, { tag: 'other' }));
    expect([room(it), it.take()]).toEqual([before, []]);
    expect(room(it)).toBe(before);
  });

  test('P24 an entry that comes while the room joins again waits for the answer, which has it too', () => {
    const it = machine().live('a').pass(1_000).receive(messageFrame('a', 1));
    it.receive(messageFrame('a', 3)).take();
    it.receive(messageFrame('a', 2));
    expect(room(it).log.position?.offset).toBe(1);
    const entries = [2, 3].map(
      (offset) => (messageFrame('a', offset) as Extract<ServerFrame, { type: 'message' }>).entry,
    );
    it.receive(joinedFrame('a', { position: ['e', 1, 't1'], recovered: true, messages: entries }));
    expect([room(it).log.continuity, delivered(it)]).toEqual(['recovered', [2, 3]]);
  });

  test('a sender is the member that is there, or else what the entry says of it', () => {
    const it = machine().live();
    it.dispatch(retain).receive(joinedFrame('a', { members: [['bob', { id: 'b' }, { n: 1 }]] }));
    it.take();
    const by = (offset: number, sender: readonly [string, { id: string } | null] | null): ServerFrame => {
      const { entry } = messageFrame('a', offset) as Extract<ServerFrame, { type: 'message' }>;
      return { type: 'message', room: 'a', entry: entry.with(5, sender) as unknown as typeof entry };
    };
    it.receive(by(1, null), by(2, ['bob', { id: 'b' }]), by(3, ['eve', { id: 'e' }]), by(4, ['ann', null]));
    expect(
      it
        .take()
        .flatMap((effect) => (effect.type === 'deliver' ? effect.messages.map(({ sender }) => sender) : [])),
    ).toEqual([
      null,
      { id: 'bob', user: { id: 'b' }, presence: { n: 1 } },
      { id: 'eve', user: { id: 'e' }, presence: null },
      { id: 'ann', user: null, presence: null },
    ]);
  });

  test('P24 a log that is broken for good is asked once a second, and not as fast as it answers', () => {
    const it = machine().live('a').pass(1_000);
    it.take();
    const broken = (): void => {
      it.receive(joinedFrame('a', { recovered: true }), messageFrame('a', 1, { previous: 'elsewhere' }));
    };
    it.receive(messageFrame('a', 1, { previous: 'elsewhere' }));
    let joins = 0;
    for (let passed = 0; passed < 10_000; passed += 10) {
      joins += it
        .pass(10)
        .written()
        .filter(({ type }) => type === 'join').length;
      broken();
    }
    expect(joins).toBe(10);
  });

  test('P22 what cannot be recovered is a reset that says why and what is missing, and lists start anew', () => {
    const it = machine()
      .dispatch({ type: 'list-retain', room: 'a', list: '*', limit: 10, ref: 1 })
      .live('a')
      .receive(messageFrame('a', 1), messageFrame('a', 2));
    reconnect(it).take();
    const newest = (messageFrame('a', 9) as Extract<ServerFrame, { type: 'message' }>).entry;
    it.receive(
      welcome(),
      joinedFrame('a', { position: ['e', 8, 't8'], why: 'trimmed', messages: [newest], more: true }),
    );
    expect(it.take().find(({ type }) => type === 'reset')).toEqual({
      type: 'reset',
      room: 'a',
      why: 'trimmed',
      missing: [3, 8],
    });
    expect(list(it)).toEqual([9]);
    expect(room(it).log).toMatchObject({
      continuity: 'reset',
      position: { epoch: 'e', offset: 9, tag: 't9' },
    });
    expect(room(it).lists.byType.get('*')?.gap).toEqual([3, 8]);
  });

  test.each([
    ['another tag', ['e', 2, 'other']],
    ['another offset', ['e', 1, 't2']],
    ['another epoch', ['f', 2, 't2']],
  ] as const)(
    'P22 an answer that says recovered, with %s than the position asked for, is a reset',
    (_what, position) => {
      const it = machine()
        .dispatch({ type: 'list-retain', room: 'a', list: '*', limit: 10, ref: 1 })
        .live('a')
        .receive(messageFrame('a', 1), messageFrame('a', 2));
      reconnect(it).receive(welcome());
      it.take();
      it.receive(joinedFrame('a', { position, recovered: true }));
      const [epoch, offset, tag] = position;
      expect(room(it).log).toMatchObject({ continuity: 'reset', position: { epoch, offset, tag } });
      expect(it.take()).toContainEqual({ type: 'reset', room: 'a', why: 'epoch', missing: null });
      expect(list(it)).toEqual([]);
    },
  );

  test('P22 resume works with no message received, and twice in a row', () => {
    const it = machine().live('a');
    for (let round = 0; round < 2; round++) {
      reconnect(it);
      expect(it.written()).toMatchObject([{ type: 'hello' }, { type: 'join', position: ['e', 0, ''] }]);
      it.receive(welcome(), joinedFrame('a', { recovered: true }));
      expect(room(it).log.continuity).toBe('recovered');
    }
  });

  test('an answer to a join of an earlier connection changes nothing', () => {
    const it = machine().live('a');
    const { attempt } = it.state;
    reconnect(it);
    const before = it.state;
    it.dispatch({
      type: 'received',
      attempt,
      frames: [joinedFrame('a', { position: ['other', 7, 'x'] }), messageFrame('a', 1)],
    });
    expect(it.state).toBe(before);
  });

  test('P34 a message that this end cannot read is an error event, and its place in the log is passed', () => {
    const it = machine({}, undefined, (context) => ({
      ...context,
      parse: (_room, _type, _version, data) =>
        data === 'new' ? { code: 'unknown-version', message: 'too new' } : { data },
    })).live('a');
    it.receive(messageFrame('a', 1, { data: 'new' }), messageFrame('a', 2, { data: 'old' }));
    const effects = it.take();
    expect(effects).toContainEqual({
      type: 'report',
      room: 'a',
      failure: { code: 'unknown-version', message: 'too new' },
    });
    expect(
      effects.flatMap((effect) => (effect.type === 'deliver' ? effect.messages.map(({ data }) => data) : [])),
    ).toEqual(['old']);
    expect(room(it).log.position?.offset).toBe(2);
  });
});

describe('own messages in a list', () => {
  const own = (it: Machine): unknown[] => {
    const mine = Array.from(it.state.rooms.get('a')?.outbox.entries.values() ?? [])
      .filter(({ inLog: seen }) => !seen)
      .map(({ id }) => `pending ${id}`);
    return [
      ...(room(it)
        .lists.byType.get('*')
        ?.messages.map(({ id }) => id) ?? []),
      ...room(it).outbox.echoes.map(({ id }) => `sent ${id}`),
      ...mine,
    ];
  };
  const ack: ServerFrame = { type: 'ack', room: 'a', epoch: 'e', receipts: [[1, 1, 0, false]] };
  const entry = messageFrame('a', 1, { id: 'x', sender: 'me' });

  test.each([
    ['the acknowledgement first', [ack, entry], [['sent x'], ['x']]],
    ['the log first', [entry, ack], [['x'], ['x']]],
  ] as const)('stand there once, whatever comes first: %s', (_name, frames, states) => {
    const it = machine()
      .dispatch({ type: 'list-retain', room: 'a', list: '*', limit: 10, ref: 1 })
      .live('a')
      .send(outgoing('x'));
    expect(own(it)).toEqual(['pending x']);
    for (const [index, frame] of frames.entries()) expect(own(it.receive(frame))).toEqual(states[index]);
  });
});

describe('own messages that the log shows', () => {
  const withList = (): Machine =>
    machine().dispatch({ type: 'list-retain', room: 'a', list: '*', limit: 10, ref: 1 }).live('a');
  const entries = (it: Machine) =>
    Array.from(room(it).outbox.entries.values(), ({ id, inLog: seen }) => [id, seen]);

  test('before their receipt still wait for it', () => {
    const it = withList().send(outgoing('x'));
    it.receive(messageFrame('a', 1, { id: 'x', sender: 'me' }));
    expect(entries(it)).toEqual([['x', true]]);
    it.take();
    it.receive({ type: 'ack', room: 'a', epoch: 'e', receipts: [[1, 1, 0, false]] });
    expect(settledOf(it.take())).toEqual([['x', 1]]);
  });

  test('behind their receipt leave nothing of it, and the others that are acknowledged stay', () => {
    const it = withList().send(outgoing('x'), outgoing('y'));
    it.receive({
      type: 'ack',
      room: 'a',
      epoch: 'e',
      receipts: [
        [1, 1, 0, false],
        [2, 2, 0, false],
      ],
    });
    it.receive(messageFrame('a', 1, { id: 'x', sender: 'me' }));
    expect([entries(it), room(it).outbox.echoes.map(({ id }) => id)]).toEqual([[], ['y']]);
  });

  test('are told from a message of another member with the same id', () => {
    const it = withList().send(outgoing('x'));
    it.receive(messageFrame('a', 1, { id: 'x', sender: 'bob' }), messageFrame('a', 2, { id: 'x' }));
    expect(entries(it)).toEqual([['x', false]]);
  });
});

test('P29 the receipt of a message whose place is behind the position shows no second copy of it', () => {
  // The server took the message and the connection broke before its receipt. The next join brings the end of the log, which begins behind the message.
  const it = machine()
    .dispatch({ type: 'list-retain', room: 'a', list: '*', limit: 10, ref: 1 })
    .live('a')
    .send(outgoing('x'));
  reconnect(it).receive(
    welcome(),
    joinedFrame('a', { position: ['e', 8, 't8'], why: 'too-far', last: 1, more: true }),
  );
  it.receive({ type: 'ack', room: 'a', epoch: 'e', receipts: [[1, 8, 0, true]] });
  expect(settledOf(it.take())).toEqual([['x', 8]]);
  expect(room(it).outbox.echoes).toEqual([]);
});

describe('presence', () => {
  test('P25 changes within 50 ms are one frame with the last of each', () => {
    const it = machine()
      .live('a')
      .dispatch({ type: 'presence', room: 'a', patch: { x: 1 } });
    expect(it.written()).toEqual([{ type: 'presence', room: 'a', patch: { x: 1 }, cleared: [] }]);
    for (let x = 2; x <= 9; x++)
      it.dispatch(
        { type: 'presence', room: 'a', patch: { x } },
        { type: 'presence', room: 'a', patch: { y: x } },
      );
    expect(it.written()).toEqual([]);
    expect(it.pass(50).written()).toEqual([
      { type: 'presence', room: 'a', patch: { x: 9, y: 9 }, cleared: [] },
    ]);
  });

  test('P25 own presence is restored whole after a reconnect', () => {
    const it = machine()
      .live('a')
      .dispatch({ type: 'presence', room: 'a', patch: { x: 1 } })
      .pass(60)
      .dispatch({ type: 'presence', room: 'a', patch: { y: 2 } });
    reconnect(it);
    expect(it.written().findLast(({ type }) => type === 'join')).toMatchObject({ presence: { x: 1, y: 2 } });
  });

  test('P25 the others are kept while away, marked stale, and dropped after the grace', () => {
    const it = machine().live();
    it.dispatch(retain).receive(
      joinedFrame('a', {
        members: [
          ['me', null, {}],
          ['bob', { id: 'b' }, { n: 1 }],
        ],
      }),
    );
    it.dispatch({ type: 'lost', attempt: it.state.attempt, code: 1006, reason: '' }, { type: 'hidden' });
    expect(room(it).presence.members.get('bob')).toEqual({
      id: 'bob',
      user: { id: 'b' },
      presence: { n: 1 },
      stale: true,
    });
    it.pass(29_999);
    expect(room(it).presence.members.has('bob')).toBe(true);
    it.pass(1);
    expect(room(it).presence.members.size).toBe(0);
  });

  test('P25 diffs join, change and leave; a change of one keeps the others as they were', () => {
    const it = machine().live();
    it.dispatch(retain).receive(
      joinedFrame('a', {
        members: [
          ['b', null, { n: 1, m: 1 }],
          ['c', null, {}],
        ],
      }),
    );
    const before = room(it).presence.members.get('c');
    it.receive({
      type: 'presence',
      room: 'a',
      joined: [['d', null, {}]],
      left: [],
      changed: [
        ['b', { n: 2 }],
        ['nobody', { n: 3 }],
      ],
    });
    expect(Array.from(room(it).presence.members.values(), ({ id, presence }) => [id, presence])).toEqual([
      ['b', { n: 2, m: 1 }],
      ['c', {}],
      ['d', {}],
    ]);
    expect(room(it).presence.members.get('c')).toBe(before);
    it.receive({ type: 'presence', room: 'a', joined: [], left: ['b'], changed: [] });
    expect([...room(it).presence.members.keys()]).toEqual(['c', 'd']);
  });

  test('P25 of members that come one after the other 100,000 are shown, and the next once one of them has left', () => {
    const it = machine().live('a');
    const come = (...ids: readonly string[]): ServerFrame => ({
      type: 'presence',
      room: 'a',
      joined: ids.map((id) => [id, null, null] as const),
      left: [],
      changed: [],
    });
    it.receive(come(...Array.from({ length: 99_999 }, (_, index) => `m${index}`)));
    it.receive(come('last', 'late'));
    expect([room(it).presence.members.size, room(it).presence.members.has('late')]).toEqual([100_000, false]);
    it.receive({ type: 'presence', room: 'a', joined: [], left: ['m0'], changed: [] }, come('late'));
    expect([room(it).presence.members.size, room(it).presence.members.has('late')]).toEqual([100_000, true]);
  });

  test('a member whose id is a key of every object is a member like any other', () => {
    const it = machine().live();
    it.dispatch(retain).receive(
      joinedFrame('a', {
        members: [
          ['__proto__', null, {}],
          ['constructor', { id: 'toString' }, {}],
        ],
      }),
    );
    expect([...room(it).presence.members.keys()]).toEqual(['__proto__', 'constructor']);
  });
});

test('P26 a broadcast is written at once or not at all', () => {
  const it = machine().live('a');
  const wave = { type: 'broadcast', room: 'a', message: 'wave', version: 1, data: 1 } as const;
  it.dispatch(wave);
  expect(it.written()).toEqual([{ type: 'broadcast', room: 'a', message: 'wave', version: 1, data: 1 }]);
  it.dispatch({ type: 'lost', attempt: it.state.attempt, code: 1006, reason: '' }, wave);
  reconnect(it).receive(welcome(), joinedFrame('a', { recovered: true }));
  expect(it.written().some(({ type }) => type === 'broadcast')).toBe(false);
});

describe('a room that is denied', () => {
  const refuse = (it: Machine): Machine =>
    it.receive({ type: 'error', ref: 'a', code: 'denied', reason: 'no such room, or not for you' });

  test('P23 says so, settles what waited, refuses what comes, and joins again for a new user', () => {
    const it = machine()
      .dispatch(
        retain,
        { type: 'connect' },
        { type: 'opened', attempt: 1, transport: 'websocket', codec: 'json', token: null },
      )
      .receive(welcome());
    it.send(outgoing('x')).dispatch({
      type: 'history',
      ref: 7,
      room: 'a',
      before: null,
      limit: 10,
      list: null,
    });
    it.take();
    const effects = refuse(it).take();
    expect(settledOf(effects)).toEqual([['x', 'denied']]);
    expect(effects).toContainEqual({
      type: 'history',
      ref: 7,
      outcome: { code: 'denied', message: 'no such room, or not for you' },
    });
    expect(settledOf(it.send(outgoing('y')).take())).toEqual([['y', 'denied']]);
    it.dispatch(release, retain);
    expect(it.written()).toMatchObject([{ type: 'join', room: 'a' }]);
  });

  test('expelled: what left is in doubt, and the outbox keeps both to be tried again', () => {
    const it = machine({ outbox: { window: 1 } })
      .live('a')
      .send(outgoing('x'), outgoing('y'));
    it.take();
    expect(settledOf(it.receive({ type: 'left', room: 'a', code: 'denied' }).take())).toEqual([
      ['x', 'in-doubt'],
      ['y', 'denied'],
    ]);
    expect(
      Array.from(it.state.rooms.get('a')?.outbox.entries.values() ?? [], ({ failure }) => failure?.code),
    ).toEqual(['in-doubt', 'denied']);
  });

  test('an error that answers a broadcast is not taken for the answer to a join behind it', () => {
    const it = machine()
      .live('a')
      .pass(1_000)
      .receive(messageFrame('a', 1))
      .dispatch({ type: 'broadcast', room: 'a', message: 'typing', version: 1, data: 1 });
    it.receive(messageFrame('a', 3)).take();
    expect(room(it).membership.phase.status).toBe('joining');
    for (const code of ['rejected', 'invalid', 'unknown-type', 'too-large', 'not-joined'])
      it.receive({ type: 'error', ref: 'a', code, reason: 'no' });
    expect(room(it).membership.phase.status).toBe('joining');
    expect(it.take().map((effect) => effect.type === 'report' && effect.failure.code)).toEqual([
      'rejected',
      'invalid',
      'unknown-type',
      'too-large',
      'not-joined',
    ]);
  });

  test('a passing refusal is tried again', () => {
    const it = machine()
      .dispatch(
        retain,
        { type: 'connect' },
        { type: 'opened', attempt: 1, transport: 'websocket', codec: 'json', token: null },
      )
      .receive(welcome());
    it.take();
    it.receive({ type: 'error', ref: 'a', code: 'unavailable', reason: 'try again' });
    expect(room(it).membership.phase.status).toBe('wanted');
    expect(
      it
        .pass(2_000)
        .written()
        .some(({ type }) => type === 'join'),
    ).toBe(true);
  });
});

describe('history', () => {
  const page = (it: Machine, ref: number, offsets: readonly number[], more: boolean): Machine =>
    it.receive({
      type: 'history',
      ref,
      messages: offsets.map(
        (offset) => (messageFrame('a', offset) as Extract<ServerFrame, { type: 'message' }>).entry,
      ),
      more,
    });

  test('P27 a page goes in front of the list that asked', () => {
    const it = machine().dispatch({ type: 'list-retain', room: 'a', list: '*', limit: 10, ref: 1 });
    it.dispatch(
      retain,
      { type: 'connect' },
      { type: 'opened', attempt: 1, transport: 'websocket', codec: 'json', token: null },
    );
    const entries = [4, 5].map(
      (offset) => (messageFrame('a', offset) as Extract<ServerFrame, { type: 'message' }>).entry,
    );
    it.receive(welcome(), joinedFrame('a', { position: ['e', 3, 't3'], messages: entries, more: true }));
    it.dispatch({ type: 'history', ref: 9, room: 'a', before: 4, limit: 10, list: '*' });
    expect(it.written().at(-1)).toEqual({ type: 'history', ref: 9, room: 'a', before: 4, limit: 10 });
    it.dispatch({ type: 'history', ref: 10, room: 'a', before: 4, limit: 10, list: '*' });
    expect(it.written()).toEqual([]);
    page(it, 9, [1, 2, 3], false);
    expect(list(it)).toEqual([1, 2, 3, 4, 5]);
    expect(room(it).lists.byType.get('*')).toMatchObject({ hasOlder: false, loading: false });
  });

  test('P27 an answer that a broken connection swallowed is asked for again', () => {
    const it = machine()
      .live('a')
      .dispatch({ type: 'history', ref: 9, room: 'a', before: null, limit: 10, list: null });
    expect(it.written()).toHaveLength(1);
    reconnect(it).receive(welcome(), joinedFrame('a', { recovered: true }));
    expect(it.written().at(-1)).toEqual({ type: 'history', ref: 9, room: 'a', before: null, limit: 10 });
    page(it, 9, [1], false);
    expect(it.take()).toMatchObject([{ type: 'history', ref: 9, outcome: [{ data: 1 }] }]);
  });

  test('after close it is refused', () => {
    const it = machine().live('a').dispatch({ type: 'close' });
    it.take();
    it.dispatch({ type: 'history', ref: 9, room: 'a', before: null, limit: 10, list: null });
    expect(it.take()).toMatchObject([{ type: 'history', ref: 9, outcome: { code: 'closed' } }]);
  });
});

test('a list is bounded, and says that there is more', () => {
  const it = machine().dispatch({ type: 'list-retain', room: 'a', list: '*', limit: 3, ref: 1 }).live('a');
  it.receive(...[1, 2, 3, 4, 5].map((offset) => messageFrame('a', offset)));
  expect(list(it)).toEqual([3, 4, 5]);
  expect(room(it).lists.byType.get('*')?.hasOlder).toBe(true);
});

test.each<readonly [string, (it: Machine) => unknown]>([
  ['close()', (it) => it.dispatch({ type: 'close' })],
  ['a refusal for good', (it) => it.dispatch({ type: 'lost', attempt: 1, code: 4403, reason: 'banned' })],
])('after %s nobody is shown as there, and no alarm keeps the process', (_, end) => {
  const it = machine().live();
  it.dispatch({ type: 'retain', room: 'a', history: 0, presence: { x: 1 } }).receive(
    joinedFrame('a', {
      members: [
        ['me', null, { x: 1 }],
        ['bob', null, null],
      ],
    }),
  );
  it.dispatch({ type: 'pump' });
  expect(it.state.rooms.get('a')?.presence.members.size).toBe(2);
  end(it);
  expect([it.state.rooms.get('a')?.presence.members.size, deadline(it.state)]).toEqual([0, Infinity]);
});
