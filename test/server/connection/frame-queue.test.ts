// The queue of a connection: frames are handled in order, within bounds.
import { describe, expect, test, vi } from 'vitest';
import { createFrameQueue } from '../../../src/server/connection/frame-queue.js';
import { eventually } from '../../support/eventually.js';

describe('a frame queue', () => {
  test('keeps frames in order, whatever each takes, and one that fails holds up none', async () => {
    const done: number[] = [];
    const failed = vi.fn<(error: unknown) => void>();
    const gates = new Map<number, () => void>();
    const queue = createFrameQueue<number>({
      async run(item) {
        if (item % 2 === 1)
          await new Promise<void>((resolve) => {
            gates.set(item, resolve);
          });
        done.push(item);
        if (item === 2) throw new Error('two');
      },
      failed,
    });
    for (const item of [1, 2, 3, 4]) queue.push(item, 1);
    expect(done).toEqual([]);
    gates.get(1)?.();
    await eventually(() => {
      expect(gates.has(3)).toBe(true);
    });
    expect(done).toEqual([1, 2]);
    gates.get(3)?.();
    await eventually(() => {
      expect(done).toEqual([1, 2, 3, 4]);
    });
    expect(failed).toHaveBeenCalledTimes(1);
  });

  test('costs no turn where a handler answers at once, and throws into its own hands', () => {
    const done: number[] = [];
    const failed = vi.fn<(error: unknown) => void>();
    const queue = createFrameQueue<number>({
      run(item) {
        if (item === 2) throw new Error('two');
        done.push(item);
      },
      failed,
    });
    for (const item of [1, 2, 3]) queue.push(item, 1);
    expect(done).toEqual([1, 3]);
    expect(failed).toHaveBeenCalledTimes(1);
  });

  test('is bounded, and ends: what waits is dropped, what runs is told', () => {
    const queue = createFrameQueue<number>({
      run: () => new Promise(() => undefined),
      failed: () => undefined,
    });
    queue.push(0, 1);
    for (let item = 0; item < 4_096; item++) expect(queue.push(item, 1)).toBe(true);
    expect(queue.push(1, 1)).toBe(false);
    queue.end();
    expect(queue.isEnded).toBe(true);
  });

  test('is bounded by bytes too, and what was handled counts no more', async () => {
    const gates: (() => void)[] = [];
    const queue = createFrameQueue<number>({
      run: () =>
        new Promise<void>((resolve) => {
          gates.push(resolve);
        }),
      failed: () => undefined,
    });
    const kib = 1_024;
    queue.push(0, 5_000 * kib);
    for (let item = 0; item < 16; item++) expect(queue.push(item, 64 * kib)).toBe(true);
    expect(queue.push(16, 64 * kib)).toBe(false);
    gates[0]?.();
    await eventually(() => {
      expect(gates).toHaveLength(2);
    });
    expect([queue.push(17, 64 * kib), queue.push(18, 1)]).toEqual([true, false]);
  });

  test('takes one frame of any size where nothing waits', () => {
    const queue = createFrameQueue<number>({
      run: () => new Promise(() => undefined),
      failed: () => undefined,
    });
    queue.push(0, 1);
    expect([queue.push(1, 1), queue.push(2, 4_194_304), queue.push(3, 1)]).toEqual([true, true, false]);
  });
});
