// What a member missed is read from the broker in bounded pages, each of them once.
import { expect, test } from 'vitest';
import type { Broker, LogPage, Range } from '../../../src/server/broker/broker.js';
import { memoryBroker } from '../../../src/server/broker/memory-broker.js';
import { serve } from '../../../src/server/rooms/serve.js';
import { rawWorld } from '../../support/server/raw.js';

const join = { type: 'join', room: 'lobby', position: null, history: 0, presence: null } as const;

/** A broker that notes what is read of its logs. */
function countingBroker(): { readonly broker: Broker; readonly ranges: Range[]; entries(): number } {
  const broker = memoryBroker();
  const ranges: Range[] = [];
  let entries = 0;
  return {
    ranges,
    entries: () => entries,
    broker: {
      ...broker,
      read(room, range) {
        ranges.push(range);
        const page = broker.read(room, range) as LogPage;
        entries += page.entries.length;
        return page;
      },
    },
  };
}

test.each([
  ['400 of 60 KB, a log of 24 MB', 400, 60_000],
  ['5,000 of 100 bytes', 5_000, 100],
  ['one more than a page has', 4_097, 1],
])(
  'T46 a member that missed %s costs about as many entries read as it missed',
  async (_name, count, size) => {
    const { broker, ranges, entries } = countingBroker();
    const world = rawWorld({ rooms: [serve('lobby', { history: { limit: 10_000 } })], broker });
    const before = world.peer();
    await before.hello('ada', 'session-of-ada');
    await before.say(join);
    const position = before.of('joined')[0]?.position ?? null;
    before.events.closed(1006);
    for (let index = 0; index < count; index++) await world.core.room('lobby').send('m', 'x'.repeat(size));
    ranges.length = 0;
    const read = entries();

    const back = world.peer();
    await back.hello('ada', 'session-of-ada');
    await back.say({ ...join, position });
    await world.clock.advance(60_000);
    const [joined] = back.of('joined');
    const offsets = [...(joined?.messages ?? []), ...back.of('message').map(({ entry }) => entry)].map(
      ([offset]) => offset,
    );
    expect(joined?.recovered).toBe(true);
    expect(offsets).toEqual(Array.from({ length: count }, (_, index) => index + 1));
    expect(entries() - read).toBeLessThanOrEqual(count * 2);
    // A page is about a quarter of what may wait for a reader, and the first one half of it.
    expect(ranges.length).toBeLessThanOrEqual(3 + (count * (size + 200)) / 2 ** 17);
    for (const range of ranges)
      expect(range).toMatchObject({ bytes: expect.any(Number), limit: expect.any(Number) });
  },
);
