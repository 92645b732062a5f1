// Small parts of the server: the frame queue, the timer wheel and the send queue.
import { describe, expect, test, vi } from 'vitest';
import { json } from '../../src/protocol/codec.js';
import { createFrameQueue } from '../../src/server/connection/frame-queue.js';
import { createSendFlusher } from '../../src/server/delivery/send-queue.js';
import type { Transport } from '../../src/server/ports/ports.js';
import { createTimerWheel, noSlot } from '../../src/server/util/timer-wheel.js';
import { virtualClock } from '../../src/testing/clock.js';
import { eventually } from '../support/eventually.js';

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

describe('the timer wheel', () => {
  test('rings each item near its moment and never before, with one timer for all', async () => {
    const clock = virtualClock();
    const start = clock.now();
    const rung: (readonly [name: string, late: number])[] = [];
    const wheel = createTimerWheel<{ slot: number; readonly name: string; readonly at: number }>(
      250,
      { now: clock.now, setTimer: clock.after },
      ({ name, at }) => {
        rung.push([name, clock.now() - start - at]);
      },
    );
    const items = Array.from({ length: 50 }, (_, index) => ({
      slot: noSlot,
      name: `${index}`,
      at: 37 * index,
    }));
    for (const item of items) wheel.schedule(item, start + item.at);
    expect(clock.pending).toBe(1);
    wheel.cancel(items[3] as never);
    wheel.schedule(items[4] as never, start + 5_000);
    await clock.advance(4_000);
    expect(rung).toHaveLength(48);
    expect(Math.min(...rung.map(([, late]) => late))).toBeGreaterThanOrEqual(0);
    expect(Math.max(...rung.map(([, late]) => late))).toBeLessThanOrEqual(500);
    await clock.advance(2_000);
    expect(rung.at(-1)?.[0]).toBe('4');
    expect(clock.pending).toBe(0);
  });

  test('after a loop that was blocked for long, everything that was due rings at once', async () => {
    const clock = virtualClock();
    let now = clock.now();
    let turn: () => void = () => undefined;
    const rung: string[] = [];
    const wheel = createTimerWheel<{ slot: number; readonly name: string }>(
      250,
      {
        now: () => now,
        setTimer: (_, call) => {
          turn = call;
          return () => undefined;
        },
      },
      ({ name }) => {
        rung.push(name);
      },
    );
    for (const [index, name] of ['a', 'b', 'c'].entries())
      wheel.schedule({ slot: noSlot, name }, now + 1_000 * (index + 1));
    now += 3_600_000;
    turn();
    expect(rung).toEqual(['a', 'b', 'c']);
  });
});

describe('a send queue', () => {
  function transport(): Transport & { readonly sent: unknown[]; waiting: number } {
    const sent: unknown[] = [];
    const it = {
      sent,
      waiting: 0,
      send: (data: unknown) => {
        sent.push(data);
      },
      close: () => undefined,
      terminate: () => undefined,
      buffered: () => it.waiting,
    };
    return it;
  }

  const calm = { slow: () => undefined, overflow: () => undefined, failed: () => undefined };

  test('is one message a turn, joined once for all to whom the same is due', () => {
    const turns: (() => void)[] = [];
    const codec = json();
    const join = vi.spyOn(codec, 'join');
    const flusher = createSendFlusher((call) => {
      turns.push(call);
    }, 1_000);
    const [a, b, c] = [transport(), transport(), transport()];
    const [x, y, z] = [a, b, c].map((it) => flusher.createQueue(codec, it, calm));
    for (const part of ['[1]', '[2]']) for (const queue of [x, y, z]) queue?.push(part);
    z?.push('[3]');
    expect([turns.length, a.sent]).toEqual([1, []]);
    turns[0]?.();
    expect([a.sent, b.sent, c.sent]).toEqual([['[1]\n[2]'], ['[1]\n[2]'], ['[1]\n[2]\n[3]']]);
    expect(join).toHaveBeenCalledTimes(2);
  });

  test('is cut between frames where it is long, and still joined once for all', () => {
    const turns: (() => void)[] = [];
    const codec = json();
    const join = vi.spyOn(codec, 'join');
    const flusher = createSendFlusher((call) => {
      turns.push(call);
    }, 10_000_000);
    const [a, b] = [transport(), transport()];
    const queues = [a, b].map((it) => flusher.createQueue(codec, it, calm));
    const [small, half, huge] = ['[1]', '1'.repeat(131_072), '2'.repeat(600_000)];
    for (const part of [half, half, small, huge, small, small]) for (const queue of queues) queue.push(part);
    turns[0]?.();
    expect(a.sent).toEqual([`${half}\n${half}`, small, huge, `${small}\n${small}`]);
    expect(b.sent).toEqual(a.sent);
    expect(join).toHaveBeenCalledTimes(4);
  });

  test('leaves before its turn where more is due than may wait, so that what it costs is seen', () => {
    const turns: (() => void)[] = [];
    const flusher = createSendFlusher((call) => {
      turns.push(call);
    }, 1_000);
    const reader = transport();
    const overflow = vi.fn<() => void>();
    const queue = flusher.createQueue(json(), reader, { ...calm, overflow });
    for (let count = 0; count < 50; count++) {
      queue.push('1'.repeat(400));
      reader.waiting = reader.sent.join('').length;
    }
    expect(overflow).toHaveBeenCalledTimes(1);
    expect(reader.sent.join('').length).toBeLessThan(4_000);
  });

  test('is given up once for a reader for whom too much waits', () => {
    const turns: (() => void)[] = [];
    const flusher = createSendFlusher((call) => {
      turns.push(call);
    }, 1_000);
    const slow = transport();
    slow.waiting = 2_001;
    const overflow = vi.fn<() => void>();
    const queue = flusher.createQueue(json(), slow, {
      slow: () => undefined,
      failed: () => undefined,
      overflow() {
        overflow();
        queue.flush();
      },
    });
    queue.push('[1]');
    turns[0]?.();
    queue.push('[2]');
    turns[1]?.();
    expect(overflow).toHaveBeenCalledTimes(1);
    expect(slow.sent).toEqual([]);
  });

  test('says once that a reader is slow, and again after it was not', () => {
    const turns: (() => void)[] = [];
    const flusher = createSendFlusher((call) => {
      turns.push(call);
    }, 1_000);
    const reader = transport();
    reader.waiting = 1_001;
    const slow = vi.fn<() => void>();
    const queue = flusher.createQueue(json(), reader, { ...calm, slow });
    for (const part of ['[1]', '[2]']) {
      queue.push(part);
      turns.pop()?.();
    }
    expect([slow.mock.calls.length, queue.isSlow, reader.sent]).toEqual([1, true, ['[1]', '[2]']]);
    queue.isSlow = false;
    queue.push('[3]');
    turns.pop()?.();
    expect(slow).toHaveBeenCalledTimes(2);
  });
});
