// Following a goaway: the next connection is there before the one before it is left, and nobody who looks on sees it.
import { describe, expect, test } from 'vitest';
import { createViewer } from '../../../../src/client/machine/view/viewer.js';
import type { ServerFrame } from '../../../../src/protocol/frames.js';
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
const open = (client: Machine): Machine =>
  client.dispatch({
    type: 'opened',
    attempt: client.state.attempt,
    transport: 'websocket',
    codec: 'json',
    token: 't2',
  });
const from = (client: Machine, attempt: number, ...frames: readonly ServerFrame[]): Machine =>
  client.dispatch({ type: 'received', attempt, frames });
const listed = (client: Machine): unknown =>
  room(client)
    .lists.byType.get('*')
    ?.messages.map(({ data }) => data);
const delivered = (client: Machine): unknown[] =>
  client
    .take()
    .flatMap((effect) => (effect.type === 'deliver' ? effect.messages.map(({ data }) => data) : []));
const list = { type: 'list-retain', room: 'a', list: '*', limit: 10, ref: 1 } as const;

/** Two messages are in; the server asked to go, and the next connection is opening. */
function moving(): Machine {
  const client = machine({}, () => 0.5)
    .live('a')
    .dispatch(list);
  client.receive(messageFrame('a', 1), messageFrame('a', 2), { type: 'goaway', within: 10_000 });
  client.take();
  client.pass(7_500);
  return client;
}

/** The next connection is welcome, and has been asked for the room. */
function arrived(): Machine {
  const client = open(moving());
  client.receive(welcome({ node: 'other' }));
  return client;
}

describe('P21 a goaway is followed', () => {
  test('at a random moment of the span, by a second connection of the same session; the first stays', () => {
    const client = machine({}, () => 0.5)
      .live('a')
      .receive({ type: 'goaway', within: 10_000 });
    const { key } = client.state.session;
    client.take();
    // What is left of the span after its first five seconds.
    expect(typesOf(client.pass(7_499).take())).toEqual([]);
    expect(client.pass(1).take()).toEqual([{ type: 'open', attempt: 2 }]);
    expect(client.state.connection).toMatchObject({
      status: 'live',
      attempt: 1,
      handover: { stage: 'opening', next: { status: 'opening', attempt: 2 } },
    });
    expect(client.state.session.key).toBe(key);
  });

  test('not before it was there for five seconds, however often it is asked', () => {
    const client = machine({}, () => 0).live('a');
    client.take();
    for (let count = 0; count < 10; count++) client.receive({ type: 'goaway', within: 0 });
    expect(typesOf(client.pass(4_999).take())).toEqual([]);
    expect(typesOf(client.pass(1).take())).toEqual(['open']);
    client.receive();
    from(client, 1, { type: 'goaway', within: 0 });
    expect(typesOf(client.pass(1_000).take()), 'it is on its way').toEqual([]);
  });

  test('says hello there, joins where it stands, and leaves once it is in', () => {
    const client = moving();
    client.take();
    expect(open(client).take()).toMatchObject([
      {
        type: 'write',
        attempt: 2,
        frames: [{ type: 'hello', token: 't2', attempt: 2, session: 'key', instance: 'instance' }],
      },
    ]);
    client.receive(welcome({ node: 'other' }));
    expect(client.take()).toMatchObject([
      { type: 'write', attempt: 2, frames: [{ type: 'join', room: 'a', position: ['e', 2, 't2'] }] },
    ]);
    client.receive(joinedFrame('a', { position: ['e', 2, 't2'], recovered: true }));
    expect(client.take()[0]).toMatchObject({ type: 'close', attempt: 1, code: 4011 });
    expect(client.state.connection).toMatchObject({
      status: 'live',
      attempt: 2,
      handover: { stage: 'none' },
    });
  });

  test('no step of it is seen: the view of connection and room keeps its identity', () => {
    const view = createViewer();
    const client = machine({}, () => 0.5)
      .live('a')
      .dispatch(list)
      .receive(messageFrame('a', 1), {
        type: 'presence',
        room: 'a',
        joined: [['bob', null, null]],
        left: [],
        changed: [],
      });
    const before = view(client.state);
    const same = (): void => {
      const now = view(client.state);
      expect(now.connection).toBe(before.connection);
      expect(now.rooms['a']).toBe(before.rooms['a']);
    };
    client.receive({ type: 'goaway', within: 10_000 }).pass(7_500);
    same();
    open(client);
    same();
    client.receive(welcome({ node: 'other' }));
    same();
    client.receive(
      joinedFrame('a', {
        position: ['e', 1, 't1'],
        recovered: true,
        members: [
          ['me', null, null],
          ['bob', null, null],
        ],
      }),
    );
    expect(view(client.state).connection).toBe(before.connection);
    expect(view(client.state).rooms['a']).toMatchObject({ status: 'joined', others: [{ id: 'bob' }] });
    expect(view(client.state).rooms['a']?.others).toBe(before.rooms['a']?.others);
  });
});

describe('what is said meanwhile', () => {
  test('each message is taken once and in order, whichever connection brings it', () => {
    const client = arrived();
    from(client, 1, messageFrame('a', 3), messageFrame('a', 4));
    client.receive(
      joinedFrame('a', {
        position: ['e', 2, 't2'],
        recovered: true,
        messages: [3, 4, 5].map(
          (offset) => (messageFrame('a', offset) as Extract<ServerFrame, { type: 'message' }>).entry,
        ),
      }),
    );
    from(client, 1, messageFrame('a', 5));
    client.receive(messageFrame('a', 6));
    expect(delivered(client)).toEqual([3, 4, 5, 6]);
    expect(listed(client)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(room(client).log.continuity).toBe('recovered');
  });

  test('a hole on the old connection is no reason to join again: the next one was asked for all of it', () => {
    const client = arrived();
    client.take();
    from(client, 1, messageFrame('a', 5));
    expect(client.written()).toEqual([]);
    client.receive(
      joinedFrame('a', {
        position: ['e', 2, 't2'],
        recovered: true,
        messages: [3, 4, 5].map(
          (offset) => (messageFrame('a', offset) as Extract<ServerFrame, { type: 'message' }>).entry,
        ),
      }),
    );
    expect(delivered(client)).toEqual([3, 4, 5]);
  });

  test('a message of ours is written on one connection only, and its receipt counts from either', () => {
    const client = arrived();
    client.take();
    client.send(outgoing('x'));
    expect(client.written(), 'the room is not in yet').toEqual([]);
    client.receive(joinedFrame('a', { position: ['e', 2, 't2'], recovered: true }));
    expect(
      client
        .take()
        .flatMap((effect) =>
          effect.type === 'write'
            ? effect.frames.flatMap((frame) => (frame.type === 'send' ? [[effect.attempt, frame.id]] : []))
            : [],
        ),
    ).toEqual([[2, 'x']]);
  });

  test('one in flight on the old connection is settled by its receipt there, or written again', () => {
    const client = machine({}, () => 0.5)
      .live('a')
      .send(outgoing('x'), outgoing('y'))
      .receive({ type: 'goaway', within: 10_000 });
    client.pass(7_500);
    open(client).receive(welcome({ node: 'other' }));
    client.take();
    from(client, 1, { type: 'ack', room: 'a', epoch: 'e', receipts: [[1, 1, 0, false]] });
    expect(settledOf(client.take())).toEqual([['x', 1]]);
    client.receive(joinedFrame('a', { position: ['e', 0, ''], recovered: true, last: 1 }));
    expect(
      client.written().flatMap((frame) => (frame.type === 'send' ? [[frame.id, frame.seq]] : [])),
    ).toEqual([['y', 2]]);
  });

  test('a request for history that the old connection left unanswered is written again on the next one', () => {
    const client = moving();
    client.dispatch({ type: 'history', ref: 9, room: 'a', before: 2, limit: 10, list: null });
    client.take();
    open(client)
      .receive(welcome({ node: 'other' }))
      .receive(joinedFrame('a', { position: ['e', 2, 't2'], recovered: true }));
    const asked = client
      .take()
      .flatMap((effect) =>
        effect.type === 'write'
          ? effect.frames.flatMap((frame) =>
              frame.type === 'history' && frame.ref === 9 ? [[effect.attempt, frame.before]] : [],
            )
          : [],
      );
    expect(asked).toEqual([[2, 2]]);
    client.receive({ type: 'history', ref: 9, messages: [], more: false });
    expect(client.take()).toContainEqual({ type: 'history', ref: 9, outcome: [] });
  });

  test('a broadcast is taken from one of them', () => {
    const client = arrived();
    const said: ServerFrame = {
      type: 'broadcast',
      room: 'a',
      sender: null,
      message: 'c',
      version: 1,
      data: 7,
    };
    const heard = (): number => client.take().filter(({ type }) => type === 'deliver-broadcast').length;
    client.take();
    from(client, 1, said);
    expect(heard()).toBe(0);
    client.receive(joinedFrame('a', { position: ['e', 2, 't2'], recovered: true }), said);
    expect(heard()).toBe(1);
  });

  test('who comes and goes is seen by the connection that has the room', () => {
    const client = arrived();
    const bob: ServerFrame = {
      type: 'presence',
      room: 'a',
      joined: [['bob', null, null]],
      left: [],
      changed: [],
    };
    from(client, 1, bob);
    expect([...room(client).presence.members.keys()]).toEqual(['bob']);
    client.receive(
      welcome(),
      joinedFrame('a', { position: ['e', 2, 't2'], recovered: true, members: [['eve', null, null]] }),
    );
    from(client, 1, bob);
    expect([...room(client).presence.members.keys()]).toEqual(['eve']);
  });
});

describe('what goes wrong', () => {
  test('the next connection fails: this one stays, and tries again a second and a growing wait later', () => {
    const client = moving();
    client.take();
    client.dispatch({ type: 'lost', attempt: 2, code: 1006, reason: '' });
    expect(client.state.connection).toMatchObject({
      status: 'live',
      attempt: 1,
      handover: { stage: 'scheduled' },
    });
    expect(typesOf(client.pass(1_249).take())).not.toContain('open');
    expect(client.pass(1).take()).toContainEqual({ type: 'open', attempt: 3 });
    client.dispatch({ type: 'lost', attempt: 3, code: 1006, reason: '' });
    expect(typesOf(client.pass(1_499).take())).not.toContain('open');
    expect(client.pass(1).take()).toContainEqual({ type: 'open', attempt: 4 });
  });

  test('the next connection is never welcome: it is given up in time', () => {
    const client = open(moving());
    client.take();
    expect(typesOf(client.pass(9_999).take())).not.toContain('close');
    expect(client.pass(1).take()).toContainEqual(expect.objectContaining({ type: 'close', attempt: 2 }));
    expect(client.state.connection).toMatchObject({
      status: 'live',
      attempt: 1,
      handover: { stage: 'scheduled' },
    });
  });

  test('this one ends first: the next is under way already, and no wait comes before it', () => {
    const client = open(moving());
    client.take();
    client.dispatch({ type: 'lost', attempt: 1, code: 1012, reason: '' });
    expect(client.state.connection).toMatchObject({ status: 'greeting', attempt: 2 });
    expect(client.take(), 'it asks for the room at once').toMatchObject([
      { type: 'close', attempt: 1 },
      { type: 'write', attempt: 2, frames: [{ type: 'join', room: 'a', position: ['e', 2, 't2'] }] },
    ]);
  });

  test('this one ends once the next has had its time: that is a loss, though the next has not been given up yet', () => {
    const client = moving();
    client.sleep(10_000).dispatch({ type: 'lost', attempt: 1, code: 1012, reason: '' });
    expect(client.state.connection.status).toBe('waiting');
  });

  test('this one ends first: it is lost since then, for its reason, and the next is the first try', () => {
    const client = moving();
    client.dispatch({ type: 'lost', attempt: 1, code: 1012, reason: 'drains' });
    expect(client.state.retry).toMatchObject({
      lostAt: client.now,
      reason: { code: 1012, reason: 'drains' },
      attempts: 1,
    });
  });

  test('a node that takes the session over ends this one with 4009 before it says welcome: nobody sees it, and nothing is written meanwhile', () => {
    const view = createViewer();
    const client = open(moving());
    const before = view(client.state);
    client.take();
    client.dispatch({ type: 'lost', attempt: 1, code: 4009, reason: '' }).send(outgoing('x'));
    expect(view(client.state).connection).toBe(before.connection);
    expect(client.take()).toEqual([]);
    client.receive(welcome()).receive(joinedFrame('a', { position: ['e', 2, 't2'], recovered: true }));
    expect(client.state.connection).toMatchObject({
      status: 'live',
      attempt: 2,
      handover: { stage: 'none' },
    });
    expect(client.written().flatMap((frame) => (frame.type === 'send' ? [frame.id] : []))).toEqual(['x']);
  });

  test('where that welcome does not come in two seconds, or its connection fails too, it is a loss like any other', () => {
    const late = open(moving());
    late.dispatch({ type: 'lost', attempt: 1, code: 4009, reason: '' }).pass(2_000);
    expect(late.state.connection).toMatchObject({ status: 'greeting', attempt: 2 });
    const both = open(moving());
    both.dispatch(
      { type: 'lost', attempt: 1, code: 4009, reason: '' },
      { type: 'lost', attempt: 2, code: 1006, reason: '' },
    );
    expect(both.state.connection.status).toBe('waiting');
  });

  test('that welcome has two seconds', () => {
    const client = open(moving());
    client.dispatch({ type: 'lost', attempt: 1, code: 4009, reason: '' }).pass(1_999);
    expect(client.state.connection).toMatchObject({ status: 'live', handover: { superseded: true } });
  });

  test('a refusal for good is one, though the next one has said hello and failed', () => {
    const client = open(moving());
    client.dispatch(
      { type: 'lost', attempt: 2, code: 1006, reason: '' },
      { type: 'lost', attempt: 1, code: 4403, reason: '' },
    );
    expect(client.state.connection.status).toBe('closed');
  });

  test('4009 that comes once the next one has said hello and failed is of our own: the client comes back', () => {
    const client = open(moving()).send(outgoing('x'));
    client.take();
    client.dispatch(
      { type: 'lost', attempt: 2, code: 1006, reason: '' },
      { type: 'lost', attempt: 1, code: 4009, reason: '' },
    );
    expect(client.state.connection.status).toBe('waiting');
    expect(settledOf(client.take())).toEqual([]);
  });

  test('the same where the next one was given up in time', () => {
    const client = open(moving());
    for (let seconds = 0; seconds < 10; seconds++) from(client, 1, { type: 'pong', time: 0 }).pass(1_000);
    expect(client.state.connection).toMatchObject({
      status: 'live',
      attempt: 1,
      handover: { stage: 'scheduled' },
    });
    client.dispatch({ type: 'lost', attempt: 1, code: 4009, reason: '' });
    expect(client.state.connection.status).toBe('waiting');
  });

  test('nonsense on the connection that is left closes it', () => {
    const client = arrived();
    client.take();
    client.dispatch({ type: 'lost', attempt: 1, code: 4400, reason: 'nonsense' });
    expect(client.take()).toContainEqual({ type: 'close', attempt: 1, code: 4400, reason: 'nonsense' });
  });

  test('nonsense instead of a welcome, where this one was taken over, closes the next one', () => {
    const client = open(moving());
    client.take();
    client.dispatch(
      { type: 'lost', attempt: 1, code: 4009, reason: '' },
      { type: 'lost', attempt: 2, code: 4400, reason: 'nonsense' },
    );
    expect(client.take()).toContainEqual({ type: 'close', attempt: 2, code: 4400, reason: 'nonsense' });
  });

  test('the next one is welcome as another user, with storage: nothing goes on there', () => {
    const client = machine({}, () => 0.5).dispatch({
      type: 'restored',
      session: { key: 'stored', instance: 'i', held: true },
      messages: [],
    });
    client.live('a').receive({ type: 'goaway', within: 10_000 }).pass(7_500);
    open(client).receive(welcome({ member: 'bob', user: { id: 'bob' } }));
    expect(typesOf(client.take())).toContain('disowned');
    client.dispatch({ type: 'disowned' });
    expect(client.take()).toContainEqual(expect.objectContaining({ type: 'close', attempt: 2 }));
    expect(client.state.connection.status).toBe('waiting');
  });

  test('4009 before the next one said hello is of another client: it is over', () => {
    const client = moving();
    client.dispatch({ type: 'lost', attempt: 1, code: 4009, reason: '' });
    expect(client.state.connection.status).toBe('closed');
  });

  test('who is put out is out: the next connection is given up with this one', () => {
    const client = moving();
    client.take();
    client.dispatch({ type: 'lost', attempt: 1, code: 4403, reason: '' });
    expect(client.state.connection.status).toBe('closed');
    expect(client.take()).toContainEqual(expect.objectContaining({ type: 'close', attempt: 2 }));
  });

  test('the old connection breaks before the room is in: it stays as it was', () => {
    const client = arrived();
    client.dispatch({ type: 'lost', attempt: 1, code: 4009, reason: '' });
    expect(room(client).membership).toMatchObject({ phase: { status: 'joined' } });
    client.receive(joinedFrame('a', { position: ['e', 2, 't2'], recovered: true }));
    expect(client.state.connection).toMatchObject({
      status: 'live',
      attempt: 2,
      handover: { stage: 'none' },
    });
  });

  test('a room that is not in after ten seconds is shown as joining, and still comes back whole', () => {
    const client = arrived();
    from(client, 1, messageFrame('a', 3));
    for (let seconds = 0; seconds < 10; seconds++) client.pass(1_000).receive({ type: 'pong', time: 0 });
    expect(client.take()).toContainEqual(expect.objectContaining({ type: 'close', attempt: 1 }));
    expect(room(client).membership).toMatchObject({ phase: { status: 'joining' } });
    client.receive(
      joinedFrame('a', {
        position: ['e', 2, 't2'],
        recovered: true,
        messages: [(messageFrame('a', 3) as Extract<ServerFrame, { type: 'message' }>).entry],
      }),
      messageFrame('a', 4),
    );
    expect(listed(client)).toEqual([1, 2, 3, 4]);
    expect(room(client).log.continuity).toBe('recovered');
  });

  test('both break: everything is asked for again on the third', () => {
    const client = arrived();
    client.send(outgoing('x'));
    client.dispatch({ type: 'lost', attempt: 2, code: 1006, reason: '' });
    expect(client.state.connection.status).toBe('waiting');
    expect(client.take()).toContainEqual(expect.objectContaining({ type: 'close', attempt: 1 }));
    client.pass(1_000);
    open(client).receive(welcome());
    expect(client.written()).toMatchObject([
      { type: 'hello' },
      { type: 'join', room: 'a', position: ['e', 2, 't2'] },
    ]);
  });

  test('close() ends both', () => {
    const client = arrived();
    client.take();
    client.dispatch({ type: 'close' });
    expect(client.take().flatMap((effect) => (effect.type === 'close' ? [effect.attempt] : []))).toEqual([
      2, 1,
    ]);
  });

  test('a room that the next node does not let in is denied', () => {
    const client = arrived();
    client.receive({ type: 'error', ref: 'a', code: 'denied', reason: '' });
    expect(room(client).membership).toMatchObject({ phase: { status: 'denied' }, rejoiningFrom: null });
  });

  test('a log that went back meanwhile is a reset, and says what is not known', () => {
    const client = arrived();
    client.receive(joinedFrame('a', { position: ['f', 0, ''], why: 'epoch' }));
    expect(room(client)).toMatchObject({
      membership: { phase: { status: 'joined' } },
      log: { continuity: 'reset', position: { epoch: 'f' } },
    });
  });
});

describe('a room that is left and entered again while the next connection is asked for it', () => {
  const entry = (offset: number) =>
    (messageFrame('a', offset) as Extract<ServerFrame, { type: 'message' }>).entry;

  /** Answers as a server does, in order; its log holds two messages. Whether the room is joined there in the end. */
  function answer(client: Machine): boolean {
    let there = false;
    const asked = () =>
      client.written().filter(({ type }) => type === 'join' || type === 'leave' || type === 'history');
    for (let frames = asked(); frames.length; frames = asked()) {
      for (const frame of frames) {
        there = frame.type === 'join' || (there && frame.type !== 'leave');
        if (frame.type === 'history')
          client.receive({ type: 'history', ref: frame.ref, messages: [entry(1), entry(2)], more: false });
        if (frame.type === 'leave') client.receive({ type: 'left', room: 'a', code: null });
        if (frame.type === 'join')
          client.receive(
            frame.position
              ? joinedFrame('a', { position: frame.position, recovered: true, last: 1 })
              : joinedFrame('a', { position: ['e', 0, ''], messages: [entry(1), entry(2)], last: 1 }),
          );
      }
      client.pass(0);
    }
    return there;
  }

  test('is joined where the server has it, though a message that failed holds it here', () => {
    const client = machine({}, () => 0.5)
      .live('a')
      .send(outgoing('x'));
    client.receive(
      { type: 'nack', room: 'a', seq: 1, code: 'rejected', after: null, reason: 'no', details: null },
      { type: 'goaway', within: 10_000 },
    );
    client.pass(7_000).dispatch({ type: 'release', room: 'a' }).pass(500);
    client.take();
    open(client)
      .receive(welcome({ node: 'other' }))
      .pass(600);
    client.dispatch({ type: 'retain', room: 'a', history: 10, presence: null });
    expect(answer(client)).toBe(true);
    expect(room(client).membership.phase.status).toBe('joined');
  });

  test('shows its history', () => {
    const client = machine({}, () => 0.5)
      .live('a')
      .dispatch(list)
      .receive(
        { type: 'history', ref: 1, messages: [], more: false },
        messageFrame('a', 1),
        messageFrame('a', 2),
        { type: 'goaway', within: 10_000 },
      );
    client
      .pass(7_000)
      .dispatch({ type: 'list-release', room: 'a', list: '*' }, { type: 'release', room: 'a' })
      .pass(500);
    client.take();
    open(client)
      .receive(welcome({ node: 'other' }))
      .pass(600);
    client.dispatch({ ...list, ref: 2 }, { type: 'retain', room: 'a', history: 10, presence: null });
    answer(client);
    expect(listed(client)).toEqual([1, 2]);
  });
});
