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

const room = (client: Machine, id = 'a') => {
  const found = client.state.rooms.get(id);
  if (!found) throw new Error(`no room ${id}`);
  return found;
};
const delivered = (client: Machine): unknown[] =>
  client
    .take()
    .flatMap((effect) => (effect.type === 'deliver' ? effect.messages.map(({ data }) => data) : []));
const retain = { type: 'retain', room: 'a', history: 0, presence: null } as const;
const release = { type: 'release', room: 'a' } as const;
const list = (client: Machine, key = '*') =>
  room(client)
    .lists.byType.get(key)
    ?.messages.map(({ data }) => data);

function reconnect(client: Machine): Machine {
  client.dispatch({ type: 'reconnect' });
  client.dispatch({
    type: 'opened',
    attempt: client.state.attempt,
    transport: 'websocket',
    codec: 'json',
    token: null,
  });
  return client;
}

describe('users of a room', () => {
  test('the second sends nothing, and the first to go leaves nothing', () => {
    const client = machine().live('a').dispatch(retain);
    expect(client.written()).toEqual([]);
    client.dispatch(release).pass(5_000);
    expect(client.written()).toEqual([]);
  });

  test('the last leaves late enough that a remount or a route change causes no traffic', () => {
    const client = machine().live('a').dispatch(release).pass(900).dispatch(retain).pass(5_000);
    expect(client.written()).toEqual([]);
    client.dispatch(release).pass(1_000);
    expect(client.written()).toEqual([{ type: 'leave', room: 'a' }]);
    expect(client.state.rooms.has('a')).toBe(false);
  });

  test('a room is not left while its messages wait', () => {
    const client = machine().live('a').send(outgoing('x')).dispatch(release).pass(5_000);
    expect(typesOf(client.take())).toEqual(['write send']);
    client.receive({ type: 'ack', room: 'a', epoch: 'e', receipts: [[1, 1, 0, false]] });
    expect(typesOf(client.take())).toEqual(['settle', 'write leave']);
  });

  test('a message to a room that nobody uses joins it, leaves, and rings no alarm ever after', () => {
    const client = machine()
      .live()
      .send(outgoing('x', { room: 'b' }));
    expect(client.written()).toMatchObject([{ type: 'join', room: 'b' }]);
    client.receive(joinedFrame('b'));
    expect(client.written()).toMatchObject([{ type: 'send', id: 'x' }]);
    client.receive({ type: 'ack', room: 'b', epoch: 'e', receipts: [[1, 1, 0, false]] }).pass(1_000);
    expect(client.written()).toEqual([{ type: 'leave', room: 'b' }]);
  });

  test('many rooms travel on one socket, their joins in one write', () => {
    const client = machine();
    for (const id of ['a', 'b', 'c']) client.dispatch({ ...retain, room: id });
    client.dispatch(
      { type: 'connect' },
      { type: 'opened', attempt: 1, transport: 'websocket', codec: 'json', token: null },
    );
    expect(typesOf(client.take())).toEqual(['open', 'write hello join join join']);
  });
});

describe('the log', () => {
  test('P24 entries in a row are delivered once, in order, in one batch', () => {
    const client = machine()
      .live('a')
      .dispatch({ type: 'list-retain', room: 'a', list: '*', limit: 10, ref: 1 });
    client.take();
    client.receive(
      messageFrame('a', 1),
      messageFrame('a', 2),
      messageFrame('a', 2),
      messageFrame('a', 1),
      messageFrame('a', 3),
    );
    const batches = client.take().filter(({ type }) => type === 'deliver');
    expect(batches).toHaveLength(1);
    expect(list(client)).toEqual([1, 2, 3]);
    expect(room(client).log.position).toEqual({ epoch: 'e', offset: 3, tag: 't3' });
  });

  test('P24 a hole stops delivery: the room joins again from where it stands, and goes on once it has what was missing', () => {
    const client = machine().live('a').pass(1_000).receive(messageFrame('a', 1));
    client.take();
    client.receive(messageFrame('a', 3), messageFrame('a', 4));
    expect(room(client).log.continuity).toBe('gap');
    expect(client.written()).toMatchObject([{ type: 'join', room: 'a', position: ['e', 1, 't1'] }]);
    client.receive(messageFrame('a', 5));
    expect(delivered(client)).toEqual([]);
    const entries = [2, 3, 4, 5].map(
      (offset) => (messageFrame('a', offset) as Extract<ServerFrame, { type: 'message' }>).entry,
    );
    client.receive(joinedFrame('a', { position: ['e', 1, 't1'], recovered: true, messages: entries }));
    expect(delivered(client)).toEqual([2, 3, 4, 5]);
    expect(room(client).log.continuity).toBe('recovered');
  });

  test('P24 an entry with the right offset and the wrong link is a hole too: the log went back in time', () => {
    const client = machine().live('a').pass(1_000).receive(messageFrame('a', 1));
    client.take();
    client.receive(messageFrame('a', 2, { previous: 'elsewhere' }));
    expect(client.written()).toMatchObject([{ type: 'join', position: ['e', 1, 't1'] }]);
  });

  test.each([
    ['of the offset where it stands, with another tag', messageFrame('a', 2, { tag: 'other' })],
    ['that links to its position from further on', messageFrame('a', 5, { previous: 't2' })],
  ])('P24 an entry %s is a hole too', (_what, frame) => {
    const client = machine().live('a').pass(1_000).receive(messageFrame('a', 1), messageFrame('a', 2));
    client.take();
    const effects = client.receive(frame).take();
    expect(typesOf(effects)).toEqual(['write join']);
    expect(room(client).log).toMatchObject({ continuity: 'gap', position: { offset: 2, tag: 't2' } });
  });

  test('P24 an entry that is there already changes nothing', () => {
    const client = machine().live('a').receive(messageFrame('a', 1), messageFrame('a', 2));
    client.take();
    const before = room(client);
    client.receive(messageFrame('a', 2), messageFrame('a', 1, { tag: 'other' }));
    expect([room(client), client.take()]).toEqual([before, []]);
    expect(room(client)).toBe(before);
  });

  test('P24 an entry that comes while the room joins again waits for the answer, which has it too', () => {
    const client = machine().live('a').pass(1_000).receive(messageFrame('a', 1));
    client.receive(messageFrame('a', 3)).take();
    client.receive(messageFrame('a', 2));
    expect(room(client).log.position?.offset).toBe(1);
    const entries = [2, 3].map(
      (offset) => (messageFrame('a', offset) as Extract<ServerFrame, { type: 'message' }>).entry,
    );
    client.receive(joinedFrame('a', { position: ['e', 1, 't1'], recovered: true, messages: entries }));
    expect([room(client).log.continuity, delivered(client)]).toEqual(['recovered', [2, 3]]);
  });

  test('a sender is the member that is there, or else what the entry says of it', () => {
    const client = machine().live();
    client.dispatch(retain).receive(joinedFrame('a', { members: [['bob', { id: 'b' }, { n: 1 }]] }));
    client.take();
    const by = (offset: number, sender: readonly [string, { id: string } | null] | null): ServerFrame => {
      const { entry } = messageFrame('a', offset) as Extract<ServerFrame, { type: 'message' }>;
      return { type: 'message', room: 'a', entry: entry.with(5, sender) as unknown as typeof entry };
    };
    client.receive(
      by(1, null),
      by(2, ['bob', { id: 'b' }]),
      by(3, ['eve', { id: 'e' }]),
      by(4, ['ann', null]),
    );
    expect(
      client
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
    const client = machine().live('a').pass(1_000);
    client.take();
    const broken = (): void => {
      client.receive(joinedFrame('a', { recovered: true }), messageFrame('a', 1, { previous: 'elsewhere' }));
    };
    client.receive(messageFrame('a', 1, { previous: 'elsewhere' }));
    let joins = 0;
    for (let passed = 0; passed < 10_000; passed += 10) {
      joins += client
        .pass(10)
        .written()
        .filter(({ type }) => type === 'join').length;
      broken();
    }
    expect(joins).toBe(10);
  });

  test('P22 what cannot be recovered is a reset that says why and what is missing, and lists start anew', () => {
    const client = machine()
      .dispatch({ type: 'list-retain', room: 'a', list: '*', limit: 10, ref: 1 })
      .live('a')
      .receive(messageFrame('a', 1), messageFrame('a', 2));
    reconnect(client).take();
    const newest = (messageFrame('a', 9) as Extract<ServerFrame, { type: 'message' }>).entry;
    client.receive(
      welcome(),
      joinedFrame('a', { position: ['e', 8, 't8'], why: 'trimmed', messages: [newest], more: true }),
    );
    expect(client.take().find(({ type }) => type === 'reset')).toEqual({
      type: 'reset',
      room: 'a',
      why: 'trimmed',
      missing: [3, 8],
    });
    expect(list(client)).toEqual([9]);
    expect(room(client).log).toMatchObject({
      continuity: 'reset',
      position: { epoch: 'e', offset: 9, tag: 't9' },
    });
    expect(room(client).lists.byType.get('*')?.gap).toEqual([3, 8]);
  });

  test.each([
    ['another tag', ['e', 2, 'other']],
    ['another offset', ['e', 1, 't2']],
    ['another epoch', ['f', 2, 't2']],
  ] as const)(
    'P22 an answer that says recovered, with %s than the position asked for, is a reset',
    (_what, position) => {
      const client = machine()
        .dispatch({ type: 'list-retain', room: 'a', list: '*', limit: 10, ref: 1 })
        .live('a')
        .receive(messageFrame('a', 1), messageFrame('a', 2));
      reconnect(client).receive(welcome());
      client.take();
      client.receive(joinedFrame('a', { position, recovered: true }));
      const [epoch, offset, tag] = position;
      expect(room(client).log).toMatchObject({ continuity: 'reset', position: { epoch, offset, tag } });
      expect(client.take()).toContainEqual({ type: 'reset', room: 'a', why: 'epoch', missing: null });
      expect(list(client)).toEqual([]);
    },
  );

  test('P22 resume works with no message received, and twice in a row', () => {
    const client = machine().live('a');
    for (let round = 0; round < 2; round++) {
      reconnect(client);
      expect(client.written()).toMatchObject([{ type: 'hello' }, { type: 'join', position: ['e', 0, ''] }]);
      client.receive(welcome(), joinedFrame('a', { recovered: true }));
      expect(room(client).log.continuity).toBe('recovered');
    }
  });

  test('an answer to a join of an earlier connection changes nothing', () => {
    const client = machine().live('a');
    const { attempt } = client.state;
    reconnect(client);
    const before = client.state;
    client.dispatch({
      type: 'received',
      attempt,
      frames: [joinedFrame('a', { position: ['other', 7, 'x'] }), messageFrame('a', 1)],
    });
    expect(client.state).toBe(before);
  });

  test('P34 a message that this end cannot read is an error event, and its place in the log is passed', () => {
    const client = machine({}, undefined, (context) => ({
      ...context,
      parse: (_room, _type, _version, data) =>
        data === 'new' ? { code: 'unknown-version', message: 'too new' } : { data },
    })).live('a');
    client.receive(messageFrame('a', 1, { data: 'new' }), messageFrame('a', 2, { data: 'old' }));
    const effects = client.take();
    expect(effects).toContainEqual({
      type: 'report',
      room: 'a',
      failure: { code: 'unknown-version', message: 'too new' },
    });
    expect(
      effects.flatMap((effect) => (effect.type === 'deliver' ? effect.messages.map(({ data }) => data) : [])),
    ).toEqual(['old']);
    expect(room(client).log.position?.offset).toBe(2);
  });
});

describe('own messages in a list', () => {
  const own = (client: Machine): unknown[] => {
    const mine = Array.from(client.state.rooms.get('a')?.outbox.entries.values() ?? [])
      .filter(({ inLog: seen }) => !seen)
      .map(({ id }) => `pending ${id}`);
    return [
      ...(room(client)
        .lists.byType.get('*')
        ?.messages.map(({ id }) => id) ?? []),
      ...room(client).outbox.echoes.map(({ id }) => `sent ${id}`),
      ...mine,
    ];
  };
  const ack: ServerFrame = { type: 'ack', room: 'a', epoch: 'e', receipts: [[1, 1, 0, false]] };
  const entry = messageFrame('a', 1, { id: 'x', sender: 'me' });

  test.each([
    ['the acknowledgement first', [ack, entry], [['sent x'], ['x']]],
    ['the log first', [entry, ack], [['x'], ['x']]],
  ] as const)('stand there once, whatever comes first: %s', (_name, frames, states) => {
    const client = machine()
      .dispatch({ type: 'list-retain', room: 'a', list: '*', limit: 10, ref: 1 })
      .live('a')
      .send(outgoing('x'));
    expect(own(client)).toEqual(['pending x']);
    for (const [index, frame] of frames.entries()) expect(own(client.receive(frame))).toEqual(states[index]);
  });
});

describe('own messages that the log shows', () => {
  const withList = (): Machine =>
    machine().dispatch({ type: 'list-retain', room: 'a', list: '*', limit: 10, ref: 1 }).live('a');
  const entries = (client: Machine) =>
    Array.from(room(client).outbox.entries.values(), ({ id, inLog: seen }) => [id, seen]);

  test('before their receipt still wait for it', () => {
    const client = withList().send(outgoing('x'));
    client.receive(messageFrame('a', 1, { id: 'x', sender: 'me' }));
    expect(entries(client)).toEqual([['x', true]]);
    client.take();
    client.receive({ type: 'ack', room: 'a', epoch: 'e', receipts: [[1, 1, 0, false]] });
    expect(settledOf(client.take())).toEqual([['x', 1]]);
  });

  test('behind their receipt leave nothing of it, and the others that are acknowledged stay', () => {
    const client = withList().send(outgoing('x'), outgoing('y'));
    client.receive({
      type: 'ack',
      room: 'a',
      epoch: 'e',
      receipts: [
        [1, 1, 0, false],
        [2, 2, 0, false],
      ],
    });
    client.receive(messageFrame('a', 1, { id: 'x', sender: 'me' }));
    expect([entries(client), room(client).outbox.echoes.map(({ id }) => id)]).toEqual([[], ['y']]);
  });

  test('are told from a message of another member with the same id', () => {
    const client = withList().send(outgoing('x'));
    client.receive(messageFrame('a', 1, { id: 'x', sender: 'bob' }), messageFrame('a', 2, { id: 'x' }));
    expect(entries(client)).toEqual([['x', false]]);
  });
});

test('P29 the receipt of a message whose place is behind the position shows no second copy of it', () => {
  // The server took the message and the connection broke before its receipt. The next join brings the end of the log, which begins behind the message.
  const client = machine()
    .dispatch({ type: 'list-retain', room: 'a', list: '*', limit: 10, ref: 1 })
    .live('a')
    .send(outgoing('x'));
  reconnect(client).receive(
    welcome(),
    joinedFrame('a', { position: ['e', 8, 't8'], why: 'too-far', last: 1, more: true }),
  );
  client.receive({ type: 'ack', room: 'a', epoch: 'e', receipts: [[1, 8, 0, true]] });
  expect(settledOf(client.take())).toEqual([['x', 8]]);
  expect(room(client).outbox.echoes).toEqual([]);
});

describe('presence', () => {
  test('P25 changes within 50 ms are one frame with the last of each', () => {
    const client = machine()
      .live('a')
      .dispatch({ type: 'presence', room: 'a', patch: { x: 1 } });
    expect(client.written()).toEqual([{ type: 'presence', room: 'a', patch: { x: 1 }, cleared: [] }]);
    for (let x = 2; x <= 9; x++)
      client.dispatch(
        { type: 'presence', room: 'a', patch: { x } },
        { type: 'presence', room: 'a', patch: { y: x } },
      );
    expect(client.written()).toEqual([]);
    expect(client.pass(50).written()).toEqual([
      { type: 'presence', room: 'a', patch: { x: 9, y: 9 }, cleared: [] },
    ]);
  });

  test('P25 own presence is restored whole after a reconnect', () => {
    const client = machine()
      .live('a')
      .dispatch({ type: 'presence', room: 'a', patch: { x: 1 } })
      .pass(60)
      .dispatch({ type: 'presence', room: 'a', patch: { y: 2 } });
    reconnect(client);
    expect(client.written().findLast(({ type }) => type === 'join')).toMatchObject({
      presence: { x: 1, y: 2 },
    });
  });

  test('P25 the others are kept while away, marked stale, and dropped after the grace', () => {
    const client = machine().live();
    client.dispatch(retain).receive(
      joinedFrame('a', {
        members: [
          ['me', null, {}],
          ['bob', { id: 'b' }, { n: 1 }],
        ],
      }),
    );
    client.dispatch(
      { type: 'lost', attempt: client.state.attempt, code: 1006, reason: '' },
      { type: 'hidden' },
    );
    expect(room(client).presence.members.get('bob')).toEqual({
      id: 'bob',
      user: { id: 'b' },
      presence: { n: 1 },
      stale: true,
    });
    client.pass(29_999);
    expect(room(client).presence.members.has('bob')).toBe(true);
    client.pass(1);
    expect(room(client).presence.members.size).toBe(0);
  });

  test('P25 diffs join, change and leave; a change of one keeps the others as they were', () => {
    const client = machine().live();
    client.dispatch(retain).receive(
      joinedFrame('a', {
        members: [
          ['b', null, { n: 1, m: 1 }],
          ['c', null, {}],
        ],
      }),
    );
    const before = room(client).presence.members.get('c');
    client.receive({
      type: 'presence',
      room: 'a',
      joined: [['d', null, {}]],
      left: [],
      changed: [
        ['b', { n: 2 }],
        ['nobody', { n: 3 }],
      ],
    });
    expect(Array.from(room(client).presence.members.values(), ({ id, presence }) => [id, presence])).toEqual([
      ['b', { n: 2, m: 1 }],
      ['c', {}],
      ['d', {}],
    ]);
    expect(room(client).presence.members.get('c')).toBe(before);
    client.receive({ type: 'presence', room: 'a', joined: [], left: ['b'], changed: [] });
    expect([...room(client).presence.members.keys()]).toEqual(['c', 'd']);
  });

  test('P25 of members that come one after the other 100,000 are shown, and the next once one of them has left', () => {
    const client = machine().live('a');
    const come = (...ids: readonly string[]): ServerFrame => ({
      type: 'presence',
      room: 'a',
      joined: ids.map((id) => [id, null, null] as const),
      left: [],
      changed: [],
    });
    client.receive(come(...Array.from({ length: 99_999 }, (_, index) => `m${index}`)));
    client.receive(come('last', 'late'));
    expect([room(client).presence.members.size, room(client).presence.members.has('late')]).toEqual([
      100_000,
      false,
    ]);
    client.receive({ type: 'presence', room: 'a', joined: [], left: ['m0'], changed: [] }, come('late'));
    expect([room(client).presence.members.size, room(client).presence.members.has('late')]).toEqual([
      100_000,
      true,
    ]);
  });

  test('a member whose id is a key of every object is a member like any other', () => {
    const client = machine().live();
    client.dispatch(retain).receive(
      joinedFrame('a', {
        members: [
          ['__proto__', null, {}],
          ['constructor', { id: 'toString' }, {}],
        ],
      }),
    );
    expect([...room(client).presence.members.keys()]).toEqual(['__proto__', 'constructor']);
  });
});

test('P26 a broadcast is written at once or not at all', () => {
  const client = machine().live('a');
  const wave = { type: 'broadcast', room: 'a', message: 'wave', version: 1, data: 1 } as const;
  client.dispatch(wave);
  expect(client.written()).toEqual([{ type: 'broadcast', room: 'a', message: 'wave', version: 1, data: 1 }]);
  client.dispatch({ type: 'lost', attempt: client.state.attempt, code: 1006, reason: '' }, wave);
  reconnect(client).receive(welcome(), joinedFrame('a', { recovered: true }));
  expect(client.written().some(({ type }) => type === 'broadcast')).toBe(false);
});

describe('a room that is denied', () => {
  const refuse = (client: Machine): Machine =>
    client.receive({ type: 'error', ref: 'a', code: 'denied', reason: 'no such room, or not for you' });

  test('P23 says so, settles what waited, refuses what comes, and joins again for a new user', () => {
    const client = machine()
      .dispatch(
        retain,
        { type: 'connect' },
        { type: 'opened', attempt: 1, transport: 'websocket', codec: 'json', token: null },
      )
      .receive(welcome());
    client.send(outgoing('x')).dispatch({
      type: 'history',
      ref: 7,
      room: 'a',
      before: null,
      limit: 10,
      list: null,
    });
    client.take();
    const effects = refuse(client).take();
    expect(settledOf(effects)).toEqual([['x', 'denied']]);
    expect(effects).toContainEqual({
      type: 'history',
      ref: 7,
      outcome: { code: 'denied', message: 'no such room, or not for you' },
    });
    expect(settledOf(client.send(outgoing('y')).take())).toEqual([['y', 'denied']]);
    client.dispatch(release, retain);
    expect(client.written()).toMatchObject([{ type: 'join', room: 'a' }]);
  });

  test('expelled: what left is in doubt, and the outbox keeps both to be tried again', () => {
    const client = machine({ outbox: { window: 1 } })
      .live('a')
      .send(outgoing('x'), outgoing('y'));
    client.take();
    expect(settledOf(client.receive({ type: 'left', room: 'a', code: 'denied' }).take())).toEqual([
      ['x', 'in-doubt'],
      ['y', 'denied'],
    ]);
    expect(
      Array.from(client.state.rooms.get('a')?.outbox.entries.values() ?? [], ({ failure }) => failure?.code),
    ).toEqual(['in-doubt', 'denied']);
  });

  test('an error that answers a broadcast is not taken for the answer to a join behind it', () => {
    const client = machine()
      .live('a')
      .pass(1_000)
      .receive(messageFrame('a', 1))
      .dispatch({ type: 'broadcast', room: 'a', message: 'typing', version: 1, data: 1 });
    client.receive(messageFrame('a', 3)).take();
    expect(room(client).membership.phase.status).toBe('joining');
    for (const code of ['rejected', 'invalid', 'unknown-type', 'too-large', 'not-joined'])
      client.receive({ type: 'error', ref: 'a', code, reason: 'no' });
    expect(room(client).membership.phase.status).toBe('joining');
    expect(client.take().map((effect) => effect.type === 'report' && effect.failure.code)).toEqual([
      'rejected',
      'invalid',
      'unknown-type',
      'too-large',
      'not-joined',
    ]);
  });

  test('a passing refusal is tried again', () => {
    const client = machine()
      .dispatch(
        retain,
        { type: 'connect' },
        { type: 'opened', attempt: 1, transport: 'websocket', codec: 'json', token: null },
      )
      .receive(welcome());
    client.take();
    client.receive({ type: 'error', ref: 'a', code: 'unavailable', reason: 'try again' });
    expect(room(client).membership.phase.status).toBe('wanted');
    expect(
      client
        .pass(2_000)
        .written()
        .some(({ type }) => type === 'join'),
    ).toBe(true);
  });
});

describe('history', () => {
  const page = (client: Machine, ref: number, offsets: readonly number[], more: boolean): Machine =>
    client.receive({
      type: 'history',
      ref,
      messages: offsets.map(
        (offset) => (messageFrame('a', offset) as Extract<ServerFrame, { type: 'message' }>).entry,
      ),
      more,
    });

  test('P27 a page goes in front of the list that asked', () => {
    const client = machine().dispatch({ type: 'list-retain', room: 'a', list: '*', limit: 10, ref: 1 });
    client.dispatch(
      retain,
      { type: 'connect' },
      { type: 'opened', attempt: 1, transport: 'websocket', codec: 'json', token: null },
    );
    const entries = [4, 5].map(
      (offset) => (messageFrame('a', offset) as Extract<ServerFrame, { type: 'message' }>).entry,
    );
    client.receive(welcome(), joinedFrame('a', { position: ['e', 3, 't3'], messages: entries, more: true }));
    client.dispatch({ type: 'history', ref: 9, room: 'a', before: 4, limit: 10, list: '*' });
    expect(client.written().at(-1)).toEqual({ type: 'history', ref: 9, room: 'a', before: 4, limit: 10 });
    client.dispatch({ type: 'history', ref: 10, room: 'a', before: 4, limit: 10, list: '*' });
    expect(client.written()).toEqual([]);
    page(client, 9, [1, 2, 3], false);
    expect(list(client)).toEqual([1, 2, 3, 4, 5]);
    expect(room(client).lists.byType.get('*')).toMatchObject({ hasOlder: false, loading: false });
  });

  test('P27 an answer that a broken connection swallowed is asked for again', () => {
    const client = machine()
      .live('a')
      .dispatch({ type: 'history', ref: 9, room: 'a', before: null, limit: 10, list: null });
    expect(client.written()).toHaveLength(1);
    reconnect(client).receive(welcome(), joinedFrame('a', { recovered: true }));
    expect(client.written().at(-1)).toEqual({ type: 'history', ref: 9, room: 'a', before: null, limit: 10 });
    page(client, 9, [1], false);
    expect(client.take()).toMatchObject([{ type: 'history', ref: 9, outcome: [{ data: 1 }] }]);
  });

  test('after close it is refused', () => {
    const client = machine().live('a').dispatch({ type: 'close' });
    client.take();
    client.dispatch({ type: 'history', ref: 9, room: 'a', before: null, limit: 10, list: null });
    expect(client.take()).toMatchObject([{ type: 'history', ref: 9, outcome: { code: 'closed' } }]);
  });
});

test('a list is bounded, and says that there is more', () => {
  const client = machine()
    .dispatch({ type: 'list-retain', room: 'a', list: '*', limit: 3, ref: 1 })
    .live('a');
  client.receive(...[1, 2, 3, 4, 5].map((offset) => messageFrame('a', offset)));
  expect(list(client)).toEqual([3, 4, 5]);
  expect(room(client).lists.byType.get('*')?.hasOlder).toBe(true);
});

test.each<readonly [string, (client: Machine) => unknown]>([
  ['close()', (client) => client.dispatch({ type: 'close' })],
  [
    'a refusal for good',
    (client) => client.dispatch({ type: 'lost', attempt: 1, code: 4403, reason: 'banned' }),
  ],
])('after %s nobody is shown as there, and no alarm keeps the process', (_, end) => {
  const client = machine().live();
  client.dispatch({ type: 'retain', room: 'a', history: 0, presence: { x: 1 } }).receive(
    joinedFrame('a', {
      members: [
        ['me', null, { x: 1 }],
        ['bob', null, null],
      ],
    }),
  );
  client.dispatch({ type: 'pump' });
  expect(client.state.rooms.get('a')?.presence.members.size).toBe(2);
  end(client);
  expect([client.state.rooms.get('a')?.presence.members.size, deadline(client.state)]).toEqual([0, Infinity]);
});
