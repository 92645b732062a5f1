import { expect, test } from 'vitest';
import { reuseIfEqual } from '../../../../src/client/machine/view/structural-sharing.js';

const before = (value: unknown, next: unknown): boolean => reuseIfEqual(value, next) === value;

test.each<readonly [string, unknown, unknown, boolean]>([
  ['arrays of the same parts', [1, 'a'], [1, 'a'], true],
  ['arrays of other parts', [1], [2], false],
  ['plain objects', { a: 1 }, { a: 1 }, true],
  ['maps', new Map([['a', 1]]), new Map([['a', 1]]), true],
  ['sets', new Set(['a']), new Set(['a']), true],
  ['a set and an object that spell alike', new Set(['a', 1]), { a: 1 }, false],
  ['two dates', new Date(1), new Date(2), false],
  [
    'two objects of a class that hides what it is',
    new (class {
      readonly #it = 1;
      get client() {
        return this.#it;
      }
    })(),
    new (class {
      readonly #it = 2;
      get client() {
        return this.#it;
      }
    })(),
    false,
  ],
  ['objects alike only two levels deep', { a: { b: 1 } }, { a: { b: 1 } }, false],
])('%s', (_, a, b, same) => {
  expect(before(a, b)).toBe(same);
});
