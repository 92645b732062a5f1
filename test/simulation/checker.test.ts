// The checker finds each fault that it is there for, when the fault is written into a history in which all is well.
import { describe, expect, test } from 'vitest';
import { judge } from './checker.js';
import type { History, Logged, Page, Seen, Sent } from './history.js';

const room = 'line/1';
const logged = (offset: number, by = 'ada', n = offset): Logged => ({
  offset,
  id: `${by}${n}`,
  said: { by, n },
});
const seen = (offset: number, by = 'ada', n = offset): Seen => ({
  type: 'message',
  id: `${by}${n}`,
  offset,
  said: { by, n },
  at: 0,
});
const sent = (n: number, fields: Partial<Sent> = {}): Sent => ({
  by: 'ada',
  n,
  room,
  page: 'ada/0/0',
  refuse: false,
  outcome: { epoch: 'e', offset: n, id: `ada${n}` },
  ...fields,
});
const page = (name: string, events: readonly Seen[], fields: Partial<Page> = {}): Page => ({
  name,
  by: name,
  rooms: new Map([[room, events]]),
  since: 0,
  alive: true,
  left: [],
  reconnects: 0,
  unsettled: 0,
  status: { connection: 'connected', rooms: new Map([[room, 'joined']]) },
  ...fields,
});
const life = (...entries: readonly Logged[]) => ({ epoch: 'e', entries });
const three = [1, 2, 3];

/** Three messages of one sender, acknowledged, logged, and seen by it and by another. */
const fine = (fields: Partial<History> = {}): History => ({
  sent: three.map((n) => sent(n)),
  pages: [
    page(
      'ada/0/0',
      three.map((n) => seen(n)),
    ),
    page(
      'bob/0/1',
      three.map((n) => seen(n)),
    ),
  ],
  logs: new Map([[room, [life(...three.map((n) => logged(n)))]]]),
  handledAgain: [],
  leaks: { timers: 0, connections: 0, listeners: 0 },
  errors: [],
  ...fields,
});
const withLog = (...entries: readonly Logged[]): Partial<History> => ({
  logs: new Map([[room, [life(...entries)]]]),
});
const withBob = (...events: readonly Seen[]): Partial<History> => ({
  pages: [
    page(
      'ada/0/0',
      three.map((n) => seen(n)),
    ),
    page('bob/0/1', events),
  ],
});
const reset = (missing: readonly [number, number] | null): Seen => ({
  type: 'reset',
  why: 'trimmed',
  missing,
  at: 0,
});

test('a history in which all is well', () => {
  expect(judge(fine())).toEqual([]);
});

test.each<readonly [string, Partial<History>, RegExp]>([
  [
    'an acknowledged message that is lost',
    withLog(logged(1), logged(2)),
    /#3 was acknowledged at 3, where it is not/,
  ],
  ['a message twice in the log', withLog(...three.map((n) => logged(n)), logged(4, 'ada', 2)), /#2 is twice/],
  [
    'a message twice under two ids',
    withLog(...three.map((n) => logged(n)), { offset: 4, id: 'other', said: { by: 'ada', n: 3 } }),
    /#3 is twice in line\/1, under two ids/,
  ],
  [
    'two messages of a sender in the wrong order',
    withLog(logged(1), logged(2, 'ada', 3), logged(3, 'ada', 2)),
    /#2 stands behind #3/,
  ],
  ['a hole in the log', withLog(logged(1), logged(3)), /has offset 3 at place 2/],
  [
    'two acknowledged at one place',
    { sent: [sent(1), sent(2, { outcome: { epoch: 'e', offset: 1, id: 'ada1' } }), sent(3)] },
    /were acknowledged at one place/,
  ],
  [
    'an acknowledgement without a place',
    { sent: [sent(1), sent(2, { outcome: { epoch: 'e', offset: null, id: 'ada2' } }), sent(3)] },
    /without a place/,
  ],
  [
    'a rejection of what is in the log',
    { sent: [sent(1), sent(2, { outcome: { code: 'closed' } }), sent(3)] },
    /rejected with closed and is in the log/,
  ],
  [
    'a rejection that nobody made',
    { sent: [sent(1), sent(2), sent(3), sent(4, { outcome: { code: 'rejected' } })] },
    /#4 was refused, and nobody did/,
  ],
  [
    'a code that nothing here gives',
    { sent: [sent(1), sent(2), sent(3), sent(4, { outcome: { code: 'conflict' } })] },
    /rejected with conflict/,
  ],
  [
    'a refused message that is accepted',
    { sent: [sent(1), sent(2, { refuse: true }), sent(3)] },
    /#2 was accepted/,
  ],
  [
    'a promise that never settles',
    { sent: [sent(1), sent(2), sent(3), sent(4, { outcome: null })] },
    /promise of ada #4 never settled/,
  ],
  ['a message not seen', withBob(seen(1), seen(3)), /saw nothing of 2 to 2, and was told of no gap/],
  ['a message seen twice', withBob(seen(1), seen(2), seen(2), seen(3)), /saw ada #2 at 2 after 2/],
  ['a step back', withBob(seen(1), seen(2), seen(1), seen(2), seen(3)), /saw ada #1 at 1 after 2/],
  [
    'a message that the log does not have',
    withBob(seen(1), seen(2, 'eve', 9), seen(3)),
    /saw eve #9 at 2, where no log has it, and was told of no reset/,
  ],
  ['the end not seen', withBob(seen(1), seen(2)), /saw nothing of line\/1 at 3, and it ends at 3/],
  [
    'a gap of which the wrong part is told',
    withBob(seen(1), reset([3, 3]), seen(3)),
    /was told that 3 to 3 is missing after 1/,
  ],
  [
    'a step back behind a gap',
    withBob(seen(1), seen(2), reset([3, 3]), seen(1), seen(2), seen(3)),
    /went back from 2 to 1/,
  ],
  [
    'a message on disk that is lost with its page',
    { pages: [...fine().pages, page('cleo/0/2', [], { alive: false, left: [{ by: 'cleo', n: 1 }] })] },
    /cleo #1 lay on disk when cleo\/0\/2 went, and is lost/,
  ],
  [
    'acknowledged messages of which nobody is told that they are lost',
    { logs: new Map([[room, [life(...three.map((n) => logged(n))), life(logged(1), logged(2))]]]) },
    /was told that 0 acknowledged messages are lost in line\/1, and 1 are/,
  ],
  [
    'a handler that ran twice',
    { handledAgain: [{ by: 'ada', n: 1, times: 2 }] },
    /the handler ran 2 times for ada #1/,
  ],
  [
    'a client that never comes back',
    {
      pages: [
        page(
          'ada/0/0',
          three.map((n) => seen(n)),
          { status: { connection: 'reconnecting', rooms: new Map([[room, 'reconnecting']]) } },
        ),
      ],
    },
    /ends reconnecting/,
  ],
  [
    'a client that connects again and again',
    {
      pages: [
        page(
          'ada/0/0',
          three.map((n) => seen(n)),
          { reconnects: 3 },
        ),
      ],
    },
    /connected 3 times more while nothing was wrong/,
  ],
  [
    'an outbox that is never empty',
    {
      pages: [
        page(
          'ada/0/0',
          three.map((n) => seen(n)),
          { unsettled: 2 },
        ),
      ],
    },
    /still holds 2 messages/,
  ],
  ['a timer that is left', { leaks: { timers: 1, connections: 0, listeners: 0 } }, /1 timers are left/],
  ['an error', { errors: ['the server threw'] }, /the server threw/],
])('%s is found', (_, change, what) => {
  const found = judge(fine(change));
  expect(found.join('\n')).toMatch(what);
});

test('a gap that is told of, and a log that is lost and told of, are no faults', () => {
  expect(judge(fine(withBob(seen(1), reset([2, 2]), seen(3))))).toEqual([]);
  const lost: History = fine({
    logs: new Map([
      [room, [life(logged(1), logged(2)), { epoch: 'f', entries: three.map((n) => logged(n)) }]],
    ]),
    pages: [page('ada/0/0', [seen(1), seen(2), reset(null), seen(3)])],
    sent: [sent(1), sent(2), sent(3, { outcome: { epoch: 'f', offset: 3, id: 'ada3' } })],
  });
  expect(judge(lost)).toEqual([]);
});

describe('a log that is lost and gets its messages again in another order', () => {
  const entries = [logged(1, 'ada', 2), logged(2, 'bob', 1), logged(3, 'ada', 1), logged(4, 'bob', 2)];
  const again = (...events: readonly Seen[]): string =>
    judge(
      fine({
        logs: new Map([
          [
            room,
            [life(logged(1, 'bob', 1), logged(2, 'ada', 1), logged(3, 'ada', 2)), { epoch: 'f', entries }],
          ],
        ]),
        sent: [],
        pages: [page('cem/0/0', [seen(1, 'bob', 1), seen(2, 'ada', 1), ...events])],
      }),
    ).join();

  // One log or the other has a sender's messages in another order, which is not what this is about.
  const besides = /^ada #1 stands behind #2 in line\/1/;

  test('a page passes over what it had told of, and sees the rest', () => {
    expect(again(reset(null), seen(1, 'ada', 2), seen(4, 'bob', 2))).toMatch(besides);
    expect(again(reset(null), seen(1, 'ada', 2), seen(4, 'bob', 2))).not.toContain(',');
  });

  test('a page that tells of it again is found', () => {
    expect(again(reset(null), seen(1, 'ada', 2), seen(2, 'bob', 1), seen(4, 'bob', 2))).toContain(
      'was told twice of bob #1',
    );
  });

  test('a page that passes over more is found', () => {
    expect(again(reset(null), seen(4, 'bob', 2))).not.toContain('saw nothing of 1');
    expect(again(reset(null), seen(1, 'ada', 2))).toContain('saw nothing of line/1 at 4, and it ends at 4');
    expect(again(seen(3, 'ada', 2), reset([4, 4]))).toMatch(/is missing after 3|saw nothing/);
  });
});

test('what a page was sending again as it went may have been counted as lost by the page after it, and no more than that', () => {
  const taken = (count: number, since: number): History => ({
    ...fine({
      logs: new Map([
        [room, [life(...three.map((n) => logged(n))), { epoch: 'f', entries: [{ ...logged(1), at: 20 }] }]],
      ]),
      pages: [
        page(
          'ada/0/0',
          three.map((n) => seen(n)),
          { alive: false },
        ),
        page('ada/0/1', [reset(null), { type: 'acked-lost', count, at: 15 }, seen(1)], { since }),
      ],
    }),
  });
  expect(judge(taken(3, 10))).toEqual([]);
  expect(judge(taken(4, 10)).join()).toMatch(/was told that 4 acknowledged messages are lost/);
  // It was there before the page came.
  expect(judge(taken(3, 21)).join()).toMatch(/was told that 3 acknowledged messages are lost/);
});
