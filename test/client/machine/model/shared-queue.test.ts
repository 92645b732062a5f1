import { expect, test } from 'vitest';
import { emptyQueue, type Queue } from '../../../../src/client/machine/model/shared-queue.js';
import {
  append,
  queueItems,
  queueSize,
  removeFront,
} from '../../../../src/client/machine/model/shared-queue.live.js';
import { seededRandom } from '../../../../src/testing/random.js';

test('a state that goes on from the middle of another disturbs neither', () => {
  const common = append(append(emptyQueue<string>(), 'a'), 'b');
  const one = append(common, 'c');
  const other = append(common, 'd');
  expect([common, one, other, append(one, 'e')].map(queueItems)).toEqual([
    ['a', 'b'],
    ['a', 'b', 'c'],
    ['a', 'b', 'd'],
    ['a', 'b', 'c', 'e'],
  ]);
});

test('every state of a random walk with branches stays what it was', () => {
  const random = seededRandom(7);
  let states: (readonly [Queue<number>, readonly number[]])[] = [[emptyQueue(), []]];
  for (let step = 0; step < 3_000; step++) {
    const [queue, items] = states[Math.floor(random() * states.length)] ?? [emptyQueue<number>(), []];
    const most = Math.floor(random() * 40);
    states.push(
      random() < 0.7
        ? [append(queue, step), [...items, step]]
        : [removeFront(queue, (_, size) => size > most), items.slice(Math.max(0, items.length - most))],
    );
    states = states.slice(-50);
  }
  for (const [queue, items] of states)
    expect([queueItems(queue), queueSize(queue)]).toEqual([items, items.length]);
});

test('what was let go of is not held: the array stays about as long as what is in it', () => {
  let queue = emptyQueue<number>();
  for (let at = 0; at < 10_000; at++) queue = removeFront(append(queue, at), (_, size) => size > 100);
  expect(queueItems(queue)).toHaveLength(100);
  expect(queue.array.length).toBeLessThan(300);
});
