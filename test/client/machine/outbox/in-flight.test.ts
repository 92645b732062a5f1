// Own durable messages under way: what is written again, what is told of as lost, how much is in flight, and what a receipt says.
import { describe, expect, test } from 'vitest';
import { queueSize } from '../../../../src/client/machine/model/shared-queue.live.js';
import { createViewer } from '../../../../src/client/machine/view/viewer.js';
import type { ClientFrame, ReceiptTuple, ServerFrame } from '../../../../src/protocol/frames.js';
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

const sends = (frames: readonly ClientFrame[]): string[] =>
  frames.flatMap((frame) => (frame.type === 'send' ? [`${frame.seq}:${frame.id}`] : []));
const receipt = (...receipts: readonly ReceiptTuple[]): ServerFrame => ({
  type: 'ack',
  room: 'a',
  epoch: 'e',
  receipts,
});
const ack = (...seqs: readonly number[]): ServerFrame =>
  receipt(...seqs.map((seq) => [seq, seq, 5, false] as const));
const nack = (
  seq: number,
  code: string,
  fields: { after?: number; details?: unknown } = {},
): ServerFrame => ({
  type: 'nack',
  room: 'a',
  seq,
  code,
  after: fields.after ?? null,
  reason: 'why',
  details: fields.details ?? null,
});
const room = (client: Machine) => {
  const found = client.state.rooms.get('a');
  if (!found) throw new Error('no room');
  return found;
};
/** Numbers of entries, by message. */
const numbers = (client: Machine): unknown =>
  Array.from(room(client).outbox.entries.values(), ({ id, seq }) => [id, seq]);
const lost = (client: Machine): number[] =>
  client.take().flatMap((effect) => (effect.type === 'acked-lost' ? [effect.count] : []));

function reconnect(client: Machine): Machine {
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
  return client;
}
/** The next connection, on which the server has everything up to `last`. */
function resume(client: Machine, last: number): Machine {
  const { epoch, offset, tag } = room(client).log.position ?? { epoch: 'e', offset: 0, tag: '' };
  return reconnect(client).receive(
    joinedFrame('a', { position: [epoch, offset, tag], recovered: true, last }),
  );
}
/** Joined, with these limits of the server. */
function limited(limits: Partial<typeof defaultLimits>): Machine {
  return machine()
    .dispatch(
      { type: 'retain', room: 'a', history: 0, presence: null },
      { type: 'connect' },
      { type: 'opened', attempt: 1, transport: 'websocket', codec: 'json', token: null },
    )
    .receive(welcome({ limits: { ...defaultLimits, ...limits } }), joinedFrame('a'));
}

describe('P30 what is written again on the next connection', () => {
  test.each([
    [119_999, ['1:x'], []],
    [120_000, [], [1]],
  ])('an acknowledged message that the log lost, %i ms after its receipt', (age, again, told) => {
    const client = machine().live('a').send(outgoing('x')).receive(ack(1)).sleep(age);
    resume(client, 0);
    const effects = client.take();
    expect(sends(effects.flatMap((effect) => (effect.type === 'write' ? effect.frames : [])))).toEqual(again);
    expect(effects.flatMap((effect) => (effect.type === 'acked-lost' ? [effect.count] : []))).toEqual(told);
  });

  test('goes in the order of its numbers, though the receipts came in another', () => {
    const client = machine()
      .live('a')
      .send(...['w', 'x', 'y', 'z'].map((id) => outgoing(id)))
      .receive(ack(3), ack(2));
    resume(client, 0);
    expect(sends(client.written())).toEqual(['1:w', '2:x', '3:y', '4:z']);
  });

  test('an acknowledged message that is written again is shown as no pending one', () => {
    const client = machine()
      .dispatch({ type: 'list-retain', room: 'a', list: '*', limit: 10, ref: 1 })
      .live('a')
      .send(outgoing('x'))
      .receive(messageFrame('a', 1, { id: 'x', sender: 'me' }), ack(1));
    resume(client, 0);
    expect(sends(client.written())).toEqual(['1:x']);
    expect(createViewer()(client.state).rooms['a']?.lists['*']?.messages.map(({ id }) => id)).toEqual(['x']);
  });
});

describe('P32 numbers that nobody holds any more', () => {
  test('are counted without those that were refused', () => {
    const client = machine().live('a').send(outgoing('x'), outgoing('y'), outgoing('z'));
    client
      .receive(nack(1, 'rejected'), ack(2, 3))
      .dispatch({ type: 'discard', room: 'a', id: 'x' })
      .sleep(120_000);
    resume(client, 0);
    expect(lost(client)).toEqual([2]);
  });

  test('are counted though a message that was refused before them is still shown', () => {
    const client = machine().live('a').send(outgoing('x'), outgoing('y'));
    client.receive(nack(1, 'rejected'), ack(2)).sleep(120_000);
    resume(client, 0);
    expect(lost(client)).toEqual([1]);
  });

  test('are told of once, and by how much on each connection that lost more', () => {
    const client = machine()
      .live('a')
      .send(...['v', 'w', 'x', 'y'].map((id) => outgoing(id)))
      .receive(ack(1, 2, 3, 4))
      .sleep(120_000);
    resume(client, 2);
    expect(lost(client)).toEqual([2]);
    resume(client, 2);
    expect(lost(client)).toEqual([]);
    resume(client, 1);
    expect(lost(client)).toEqual([1]);
    resume(client, 1);
    expect(lost(client)).toEqual([]);
  });

  test('are 100,000 at most, whatever number a server claims to have had', () => {
    const client = machine().live('a');
    resume(client, 300_000);
    resume(client, 0);
    expect(lost(client)).toEqual([100_000]);
    resume(client, 150_000);
    expect(lost(client)).toEqual([100_000]);
    expect(room(client).outbox.retiredSeqs.size).toBe(100_000);
    expect([
      room(client).outbox.retiredSeqs.has(100_000),
      room(client).outbox.retiredSeqs.has(250_000),
    ]).toEqual([false, true]);
  });

  test('a server that claims a number that no session reaches leaves room for the next', () => {
    const client = machine().live('a');
    resume(client, Number.MAX_SAFE_INTEGER).send(outgoing('x'));
    expect(sends(client.written())).toEqual([`${2 ** 52 + 1}:x`]);
  });
});

describe('progress', () => {
  test('counts what waits, each once, and not what failed', () => {
    const client = machine().live('a').send(outgoing('x'), outgoing('y'), outgoing('z'));
    client.receive(nack(1, 'rejected'));
    resume(client, 1);
    expect(client.state.progress).toEqual({ done: 0, total: 2 });
    client.receive(nack(2, 'rejected'));
    expect(client.state.progress).toEqual({ done: 1, total: 2 });
  });

  test('adds up over rooms, and goes on where one of them joins again', () => {
    const client = machine();
    for (const id of ['a', 'b'])
      client
        .dispatch({ type: 'retain', room: id, history: 0, presence: null })
        .send(outgoing(`${id}1`, { room: id }), outgoing(`${id}2`, { room: id }));
    client.live();
    client.receive(joinedFrame('a'), joinedFrame('b')).receive(ack(1));
    expect(client.state.progress).toEqual({ done: 1, total: 4 });
  });

  test('is none where a single message waits', () => {
    const client = machine().send(outgoing('x')).live('a');
    expect([client.state.progress, room(client).outbox.entries.size]).toEqual([null, 1]);
  });
});

describe('what is in flight', () => {
  const large = { frame: 2_000_000 };

  test('is counted by bytes over turns: what does not fit waits for a receipt', () => {
    const client = limited(large).send(outgoing('x', { bytes: 300_000 }));
    client.send(outgoing('y', { bytes: 300_000 }));
    expect(sends(client.written())).toEqual(['1:x']);
    expect(sends(client.receive(ack(1)).written())).toEqual(['2:y']);
  });

  test('may be exactly 512 KiB', () => {
    const half = { bytes: 256 * 1_024 };
    const client = limited(large).send(outgoing('x', half), outgoing('y', half), outgoing('z', { bytes: 1 }));
    expect(sends(client.written())).toEqual(['1:x', '2:y']);
  });

  test('is without what was refused', () => {
    const client = limited(large).send(outgoing('x', { bytes: 300_000 }), outgoing('y', { bytes: 300_000 }));
    client.take();
    expect(sends(client.receive(nack(1, 'rejected')).written())).toEqual(['2:y']);
  });

  test('a message as large as the server takes leaves; one that is larger by a byte fails, and says how large it is', () => {
    const client = limited({ frame: 1_000 }).send(
      outgoing('x', { bytes: 1_000 }),
      outgoing('y', { bytes: 1_001 }),
    );
    const effects = client.take();
    expect(settledOf(effects)).toEqual([['y', 'too-large']]);
    expect(room(client).outbox.entries.get('y')?.failure?.message).toBe(
      'about 1001 bytes, the server takes 1000',
    );
    expect(sends(effects.flatMap((effect) => (effect.type === 'write' ? effect.frames : [])))).toEqual([
      '1:x',
    ]);
  });
});

describe('where own messages are in storage', () => {
  const stored = (...records: readonly (readonly [string, number])[]) =>
    ({ type: 'stored', records: records.map(([id, seq]) => ['a', id, seq] as const) }) as const;
  const durable = (): Machine =>
    machine()
      .dispatch({ type: 'restored', session: { key: 'key', instance: 'instance' }, messages: [] })
      .live('a');

  test('a message has its number before it leaves, and leaves once its record has that number', () => {
    const client = durable().send(outgoing('x'));
    expect([sends(client.written()), numbers(client)]).toEqual([[], [['x', 1]]]);
    client.dispatch(stored(['x', 2]));
    expect(sends(client.written()), 'a record with another number').toEqual([]);
    expect(sends(client.dispatch(stored(['x', 1])).written())).toEqual(['1:x']);
  });

  test('none leaves before the one in front of it, and numbers stay as they were given', () => {
    const client = durable().send(outgoing('x'), outgoing('y'));
    client.dispatch(stored(['y', 2])).send(outgoing('z'));
    expect([sends(client.written()), numbers(client)]).toEqual([
      [],
      [
        ['x', 1],
        ['y', 2],
        ['z', 3],
      ],
    ]);
    expect(sends(client.dispatch(stored(['x', 1])).written())).toEqual(['1:x', '2:y']);
    expect(sends(client.dispatch(stored(['z', 3])).written())).toEqual(['3:z']);
  });

  test('where storage is lost, what waits for its record leaves without it', () => {
    const client = durable().send(outgoing('x'));
    client.take();
    expect(sends(client.dispatch({ type: 'storage-lost' }).send(outgoing('y')).written())).toEqual([
      '1:x',
      '2:y',
    ]);
  });
});

describe('a receipt', () => {
  const outcomes = (client: Machine): unknown[] =>
    client.take().flatMap((effect) => (effect.type === 'settle' ? [effect.outcome] : []));

  test('is of the message that has its number', () => {
    const client = machine().live('a').send(outgoing('x'), outgoing('y'));
    client.take();
    expect(settledOf(client.receive(ack(2)).take())).toEqual([['y', 2]]);
    expect(settledOf(client.receive(ack(7)).take())).toEqual([]);
  });

  test('has the result of the handler, where there is one', () => {
    const client = machine()
      .live('a')
      .send(...['x', 'y', 'z'].map((id) => outgoing(id)));
    client.take();
    client.receive(receipt([1, 5, 7, false, { booked: 1 }], [2, null, 8, true, null], [3, 6, 9, false]));
    expect(outcomes(client)).toStrictEqual([
      { id: 'x', epoch: 'e', offset: 5, timestamp: 7, duplicate: false, result: { booked: 1 } },
      { id: 'y', epoch: 'e', offset: null, timestamp: 8, duplicate: true },
      { id: 'z', epoch: 'e', offset: 6, timestamp: 9, duplicate: false },
    ]);
  });

  test('P31 that comes while the message waits to be sent again does not settle it', () => {
    const client = machine().live('a').send(outgoing('x'), outgoing('y'));
    client.receive(nack(1, 'limited', { after: 300 }));
    client.take();
    expect(settledOf(client.receive(ack(1)).take())).toEqual([]);
    expect(sends(client.pass(300).written())).toEqual(['1:x', '2:y']);
  });

  test('of a message that was refused leaves it in the outbox as it is', () => {
    const client = machine().live('a').send(outgoing('x')).receive(nack(1, 'rejected'));
    client.take();
    client.receive(ack(1));
    expect(room(client).outbox.entries.get('x')?.failure?.code).toBe('rejected');
  });

  test.each([
    [
      'as the room has them',
      [['me', { id: 'u' }, { n: 1 }]],
      { id: 'me', user: { id: 'u' }, presence: { n: 1 } },
    ],
    [
      'as they are known here, where the room has not',
      [],
      { id: 'me', user: { id: 'shown' }, presence: { x: 1 } },
    ],
  ] as const)('shows its message with its sender %s', (_how, members, sender) => {
    const client = machine()
      .dispatch(
        { type: 'retain', room: 'a', history: 0, presence: { x: 1 } },
        { type: 'list-retain', room: 'a', list: '*', limit: 10, ref: 1 },
        { type: 'connect' },
        { type: 'opened', attempt: 1, transport: 'websocket', codec: 'json', token: null },
      )
      .receive(welcome({ user: { id: 'shown' } }), joinedFrame('a', { members }));
    client.send(outgoing('x')).receive(receipt([1, 1, 7, false]));
    expect(room(client).outbox.echoes).toEqual([
      { id: 'x', room: 'a', type: 'post', data: 'x', offset: 1, timestamp: 7, sender, status: 'sent' },
    ]);
  });
});

test.each<readonly [string, ReceiptTuple, string | undefined]>([
  ['the tag of its entry', [1, 7, 5, false, null, 'abc'], 'abc'],
  ['no tag of an older server', [1, 7, 5, false, null], undefined],
  ['no tag where its place is not known', [1, null, 5, true, null, null], undefined],
])('P29 a receipt has %s', (_, said, tag) => {
  const client = machine().live('a').send(outgoing('x')).receive(receipt(said));
  const [settled] = client.take().flatMap((effect) => (effect.type === 'settle' ? [effect.outcome] : []));
  expect(settled).toHaveProperty('timestamp', 5);
  expect(settled && 'tag' in settled ? settled.tag : undefined).toBe(tag);
});

describe('acknowledged messages', () => {
  test('are held, and shown before the log shows them, up to 1,000 of a room', () => {
    const ids = Array.from({ length: 1_001 }, (_, index) => `m${index + 1}`);
    const client = machine().live('a');
    for (const [index, id] of ids.entries()) client.send(outgoing(id)).receive(ack(index + 1));
    expect([
      queueSize(room(client).outbox.recentlyAcked),
      room(client).outbox.echoes.length,
      room(client).outbox.echoes[0]?.id,
    ]).toEqual([1_000, 1_000, 'm2']);
    client.take();
    resume(client, 0);
    expect(lost(client)).toEqual([1]);
  });

  test('are let go of two minutes after their receipts, with the next one', () => {
    const client = machine().live('a').send(outgoing('x'), outgoing('y')).receive(ack(1));
    client.sleep(119_999).receive(ack(2));
    expect(queueSize(room(client).outbox.recentlyAcked)).toBe(2);
    client.send(outgoing('z')).sleep(1);
    client.receive({ type: 'pong', time: client.now }, ack(3));
    expect(queueSize(room(client).outbox.recentlyAcked)).toBe(2);
  });
});

describe('a message that was not taken', () => {
  test.each([
    ['limited', 700, 700],
    ['unavailable', 700, 700],
    ['not-joined', 700, 700],
    ['limited', null, 1_000],
    ['limited', 1, 50],
  ])('P31 for now (%s, after %s ms) is sent again %i ms later, under its number', (code, after, wait) => {
    const client = machine().live('a').send(outgoing('x'));
    client.receive(nack(1, code, after === null ? {} : { after })).send(outgoing('y'));
    expect(settledOf(client.take())).toEqual([]);
    expect(sends(client.pass(wait - 1).written())).toEqual([]);
    expect(sends(client.pass(1).written())).toEqual(['1:x', '2:y']);
  });

  test.each([
    ['limited', { attempts: 1, why: { code: 'limited', message: 'why' } }],
    ['unavailable', { attempts: 1, why: { code: 'unavailable', message: 'why' } }],
    // The server has not looked at it.
    ['not-joined', undefined],
    ['gap', undefined],
  ])('P31 by %s says how often it was put off where the server has looked at it', (code, putOff) => {
    const client = machine().live('a').send(outgoing('x'));
    client.receive(nack(1, code, { after: 0 }));
    expect(room(client).outbox.entries.get('x')?.putOff).toEqual(putOff);
  });

  test('P28 after a gap it comes with what the log lost before it', () => {
    const client = machine().live('a').send(outgoing('x'), outgoing('y'), outgoing('z')).receive(ack(1));
    client.take();
    expect(
      sends(
        client
          .receive(nack(3, 'gap', { after: 1 }))
          .pass(50)
          .written(),
      ),
    ).toEqual(['2:y', '3:z']);
    expect(
      sends(
        client
          .receive(nack(3, 'gap', { after: 0 }))
          .pass(50)
          .written(),
      ),
    ).toEqual(['1:x', '2:y', '3:z']);
  });

  test('for good fails with the details that the handler gave, where it gave some', () => {
    const client = machine().live('a').send(outgoing('x'), outgoing('y'));
    client.receive(nack(1, 'rejected', { details: { most: 3 } }), nack(2, 'rejected'));
    const failures = Array.from(room(client).outbox.entries.values(), ({ failure }) => failure);
    expect(failures).toStrictEqual([
      { code: 'rejected', message: 'why', details: { most: 3 } },
      { code: 'rejected', message: 'why' },
    ]);
  });

  test('is told of by its number: a refusal of any other changes nothing', () => {
    const client = machine().live('a').send(outgoing('x'));
    client.take();
    const before = room(client);
    client.receive(nack(2, 'rejected'));
    expect([client.take(), room(client)]).toEqual([[], before]);
  });
});
