// The timer wheel: one timer for the deadlines of all connections.
import { describe, expect, test } from 'vitest';
import { createTimerWheel, noSlot } from '../../../src/server/util/timer-wheel.js';
import { virtualClock } from '../../../src/testing/clock.js';

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
