// What every broker must do, whatever keeps its rooms.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Append, Broker, LogPage, RoomEvent } from '../../src/server/broker/broker.js';

const append = (fields: Partial<Append> = {}): Append => ({
  room: 'r',
  producer: 'p',
  seq: 1,
  id: 'x',
  follows: (fields.seq ?? 1) - 1,
  sender: ['m', null],
  type: 'post',
  version: 1,
  data: { a: 1 },
  result: { r: 1 },
  log: { limit: 100, ttl: 60_000 },
  ...fields,
});
const page = async (broker: Broker, range: Parameters<Broker['read']>[1]): Promise<LogPage> => {
  const read = await broker.read('r', range);
  if ('why' in read) throw new Error(read.why);
  return read;
};

export interface BrokerWorld {
  readonly broker: Broker;
  /** Whether it cannot know that nobody took what was handed to a node. */
  readonly blind?: boolean;
  /** Resolves once what was published before is heard. */
  settle(): Promise<void>;
  /** Moves the broker's clock on. */
  sleep(ms: number): Promise<void>;
  close(): Promise<void>;
}

export function brokerContract(name: string, make: () => Promise<BrokerWorld>): void {
  describe(`${name} as a broker`, () => {
    let world: BrokerWorld;
    let broker: Broker;
    beforeEach(async () => {
      world = await make();
      ({ broker } = world);
    });
    afterEach(() => world.close());

    const fill = async (count: number, log: Append['log'] = { limit: 100, ttl: 60_000 }): Promise<void> => {
      for (let seq = 1; seq <= count; seq++)
        await broker.append(append({ seq, id: `x${seq}`, data: seq, log }));
    };

    test('P29 a receipt has the tag of its entry: that of the append, of a repeated number and of one that is asked for', async () => {
      const first = await broker.append(append());
      const { entries } = await page(broker, { before: null, limit: 10 });
      const tag = entries[0]?.[1] ?? '';
      expect(tag).not.toBe('');
      expect(first).toMatchObject({ status: 'ok', tag });
      expect(await broker.append(append())).toMatchObject({ status: 'duplicate', tag, result: { r: 1 } });
      expect(await broker.recall('r', 'p', 1, 'x')).toMatchObject({ status: 'duplicate', tag });
      expect(await broker.append(append({ seq: 2, id: 'y', result: null }))).toMatchObject({ status: 'ok' });
      expect(await broker.append(append({ seq: 2, id: 'y' }))).toMatchObject({
        status: 'duplicate',
        result: null,
        tag: (await page(broker, { before: null, limit: 10 })).entries[1]?.[1],
      });
    });

    test('P29 numbers from 1, links each entry to the one before, and publishes what the log holds', async () => {
      const events: RoomEvent[] = [];
      await broker.subscribe('r', (event) => {
        events.push(event);
      });
      const [first, second] = [
        await broker.append(append()),
        await broker.append(append({ seq: 2, id: 'y' })),
      ];
      expect([first, second]).toMatchObject([
        { status: 'ok', offset: 1 },
        { status: 'ok', offset: 2 },
      ]);
      const { entries } = await page(broker, { before: null, limit: 10 });
      expect(
        entries.map(([offset, , , id, , sender, type, version, data]) => [
          offset,
          id,
          sender,
          type,
          version,
          data,
        ]),
      ).toEqual([
        [1, 'x', ['m', null], 'post', 1, { a: 1 }],
        [2, 'y', ['m', null], 'post', 1, { a: 1 }],
      ]);
      expect([entries[0]?.[2], entries[1]?.[2]]).toEqual(['', entries[0]?.[1]]);
      await world.settle();
      expect(events).toEqual(entries.map((entry) => ({ type: 'entry', entry })));
    });

    test('P29 a repeated number is a duplicate with its first receipt, another id a conflict, a leap a gap', async () => {
      const first = await broker.append(append());
      expect(await broker.append(append())).toEqual({ ...first, status: 'duplicate', result: { r: 1 } });
      expect(await broker.append(append({ id: 'other' }))).toEqual({ status: 'conflict' });
      expect(await broker.append(append({ seq: 3 }))).toEqual({ status: 'gap', last: 1 });
      expect(await broker.append(append({ seq: 4, follows: 2 }))).toEqual({ status: 'gap', last: 1 });
      expect(await broker.append(append({ seq: 3, follows: 1 }))).toMatchObject({ status: 'ok', offset: 2 });
      expect(await broker.watermark('r', 'p')).toBe(3);
      expect(await broker.watermark('r', 'nobody')).toBe(0);
    });

    test('P29 messages of one turn are heard, however many, however large, whatever they hold', async () => {
      const heard: number[] = [];
      await broker.subscribe('r', (event) => {
        if (event.type === 'entry') heard.push(event.entry[0]);
      });
      const data = [
        ...Array.from({ length: 4 }, () => Array.from({ length: 49_000 }, () => 0)),
        ...Array.from({ length: 40 }, () => 'x'.repeat(60_000)),
        ...Array.from({ length: 600 }, (_, index) => index),
      ];
      const outcomes = await Promise.all(
        data.map(async (it, index) =>
          broker.append(
            append({ seq: index + 1, id: `x${index}`, data: it, log: { limit: 10_000, ttl: 60_000 } }),
          ),
        ),
      );
      await world.settle();
      const all = Array.from({ length: data.length }, (_, index) => index + 1);
      expect(outcomes.map((it) => (it.status === 'ok' ? it.offset : it.status))).toEqual(all);
      expect(heard).toEqual(all);
    });

    test('P31 a refusal advances the numbers without an entry, and is remembered', async () => {
      const refusal = { code: 'rejected', reason: 'no', details: { d: 1 } };
      await broker.refuse('r', 'p', 1, 'x', refusal);
      expect(await broker.watermark('r', 'p')).toBe(1);
      expect(await broker.append(append())).toEqual({ status: 'refused', refusal });
      expect(await broker.recall('r', 'p', 1, 'x')).toEqual({ status: 'refused', refusal });
      expect(await broker.recall('r', 'p', 2, 'y')).toBeNull();
      expect(await broker.append(append({ seq: 2, id: 'y' }))).toMatchObject({ status: 'ok', offset: 1 });
    });

    const refusal = { code: 'rejected', reason: 'no', details: 'd'.repeat(4_000) };

    test('T40 what is remembered of refusals and results is bounded: the older ones lose what they carry, and nothing else', async () => {
      const result = 'r'.repeat(40_000);
      for (let seq = 1; seq <= 100; seq++) await broker.refuse('r', 'p', seq, `x${seq}`, refusal);
      for (let seq = 101; seq <= 106; seq++) await broker.append(append({ seq, id: `x${seq}`, result }));
      const recalled = async (seq: number) => broker.recall('r', 'p', seq, `x${seq}`);
      expect(await recalled(1)).toEqual({
        status: 'refused',
        refusal: { code: 'rejected', reason: 'refused before', details: null },
      });
      expect(await recalled(101)).toMatchObject({
        status: 'duplicate',
        offset: 1,
        result: null,
        tag: (await page(broker, { before: null, limit: 10 })).entries[0]?.[1],
      });
      expect(await recalled(106)).toMatchObject({ status: 'duplicate', offset: 6, result });
      // Another id under a number is a conflict all the same.
      expect(await broker.recall('r', 'p', 1, 'other')).toEqual({ status: 'conflict' });
      for (let seq = 107; seq <= 207; seq++) await broker.refuse('r', 'p', seq, `x${seq}`, refusal);
      const whole = await Promise.all(
        Array.from({ length: 207 }, async (_, index) => {
          const it = await recalled(index + 1);
          return it?.status === 'refused' && it.refusal.details !== null ? 1 : 0;
        }),
      );
      const kept = whole.filter((it) => it === 1).length;
      expect(kept * 4_000).toBeLessThanOrEqual(131_072);
      expect(kept).toBeGreaterThan(15);
      expect(whole.slice(-kept)).toEqual(Array.from({ length: kept }, () => 1));
    });

    test('T40 a result that alone takes more than one producer may is not remembered, and its message is', async () => {
      await broker.append(append({ result: 'r'.repeat(200_000) }));
      expect(await broker.recall('r', 'p', 1, 'x')).toMatchObject({
        status: 'duplicate',
        offset: 1,
        result: null,
      });
    });

    describe('T41 sessions of one user that are not in a room any more', () => {
      const session = (user: string | null, key: number): string => JSON.stringify([user, `key ${key}`]);
      const say = async (producer: string): Promise<void> => {
        await broker.append(append({ producer }));
      };
      const lastOf = async (producer: string): Promise<number> => broker.watermark('r', producer);
      const rest = async (producer: string, agoMs = 0): Promise<void> => {
        await broker.rest?.('r', producer, agoMs);
        // The order of two that leave in one millisecond is not known.
        await world.sleep(1);
      };

      test('are bounded: the one that left first is forgotten, and none that is there, nor one of another user', async () => {
        for (const producer of [session('ada', 0), session('bob', 0), session(null, 0)]) await say(producer);
        await rest(session('bob', 0));
        await rest(session(null, 0));
        for (let key = 1; key <= 130; key++) {
          await (key % 2
            ? say(session('ada', key))
            : broker.refuse('r', session('ada', key), 1, 'x', refusal));
          await rest(session('ada', key));
        }
        const lasts: number[] = [];
        for (let key = 0; key <= 4; key++) lasts.push(await lastOf(session('ada', key)));
        expect(lasts).toEqual([1, 0, 0, 1, 1]);
        expect([
          await lastOf(session('ada', 130)),
          await lastOf(session('bob', 0)),
          await lastOf(session(null, 0)),
        ]).toEqual([1, 1, 1]);
      });

      test('and come back are in use again, and those that are asked for by another node stay in use', async () => {
        await say(session('ada', 0));
        await rest(session('ada', 0));
        expect(await lastOf(session('ada', 0))).toBe(1);
        await say(session('ada', 1));
        // The node that it left asked for it long ago.
        await rest(session('ada', 1), 60_000);
        for (let key = 2; key <= 140; key++) {
          await say(session('ada', key));
          await rest(session('ada', key));
        }
        expect([await lastOf(session('ada', 0)), await lastOf(session('ada', 1))]).toEqual([1, 1]);
      });

      test('and said nothing are bounded too: where they were let in is forgotten', async () => {
        const admitted = async (producer: string): Promise<boolean> =>
          (await broker.admissions?.admitted('r', producer, null)) != null;
        const join = async (producer: string): Promise<void> => {
          await broker.watermark('r', producer);
          await broker.admissions?.admit('r', producer, { epoch: 'e', offset: 0 });
        };
        for (const producer of [session('ada', 0), session('ada', -1), session('bob', 0)])
          await join(producer);
        await rest(session('ada', -1));
        // It is back.
        await join(session('ada', -1));
        await rest(session('bob', 0));
        for (let key = 1; key <= 130; key++) {
          await join(session('ada', key));
          await rest(session('ada', key));
        }
        const known: boolean[] = [];
        for (let key = -1; key <= 4; key++) known.push(await admitted(session('ada', key)));
        expect(known).toEqual([true, true, false, false, true, true]);
        expect([await admitted(session('ada', 130)), await admitted(session('bob', 0))]).toEqual([
          true,
          true,
        ]);
      });

      test('without a word count as such two hours after they were asked for last', async () => {
        await say(session('ada', 0));
        await world.sleep(7_200_001);
        await broker.append(append({ room: 'other', producer: 'p' }));
        for (let key = 1; key <= 128; key++) {
          await say(session('ada', key));
          await rest(session('ada', key));
        }
        expect([await lastOf(session('ada', 0)), await lastOf(session('ada', 1))]).toEqual([0, 1]);
      });
    });

    test('producers count each for themselves; what the server says counts for nobody', async () => {
      await broker.append(append());
      await broker.append(append({ producer: 'q' }));
      await broker.append(append({ producer: null, seq: 0, id: 's' }));
      const { entries } = await page(broker, { before: null, limit: 10 });
      expect(entries).toHaveLength(3);
      expect(await broker.watermark('r', 'q')).toBe(1);
    });

    test('P22 a position is followed exactly, from the start, the middle and the end', async () => {
      const empty = await page(broker, { before: null, limit: 0 });
      await fill(5);
      const { entries, top } = await page(broker, { before: null, limit: 10 });
      expect((await page(broker, { after: empty.top })).entries.map(([offset]) => offset)).toEqual([
        1, 2, 3, 4, 5,
      ]);
      const third = { epoch: top.epoch, offset: 3, tag: entries[2]?.[1] ?? '' };
      expect((await page(broker, { after: third })).entries.map(([offset]) => offset)).toEqual([4, 5]);
      expect((await page(broker, { after: top })).entries).toEqual([]);
      expect(await broker.read('r', { after: { ...third, epoch: 'other' } })).toEqual({ why: 'epoch' });
      expect(await broker.read('r', { after: { ...third, tag: 'other' } })).toEqual({ why: 'rewound' });
      expect(await broker.read('r', { after: { ...top, tag: 'other' } })).toEqual({ why: 'rewound' });
      expect(await broker.read('r', { after: { ...top, offset: 99 } })).toEqual({ why: 'rewound' });
    });

    test.each([
      ['entries, one at a time', { limit: 1 }, 1],
      ['entries, seven at a time', { limit: 7 }, 7],
      ['bytes, where one entry is more', { bytes: 10 }, 1],
      ['bytes, where some entries are more', { bytes: 5_000 }, 49],
      ['entries and bytes', { limit: 100, bytes: 5_000 }, 49],
    ])(
      'P22 a read that is bounded by %s goes on from where it was, and misses nothing',
      async (_name, bound, most) => {
        const empty = await page(broker, { before: null, limit: 0 });
        for (let seq = 1; seq <= 60; seq++)
          await broker.append(append({ seq, id: `x${seq}`, data: 'é'.repeat(seq % 2 === 0 ? 10 : 90) }));
        const offsets: number[] = [];
        let at = empty.top;
        let end = empty.top;
        let reads = 0;
        for (let more = true; more; reads++) {
          const { entries, top, from, epoch } = await page(broker, { after: at, ...bound });
          expect(from).toEqual(at);
          expect(entries.length).toBeLessThanOrEqual(most);
          for (const entry of entries) offsets.push(entry[0]);
          const last = entries.at(-1);
          if (!last) throw new Error('nothing was read');
          at = { epoch, offset: last[0], tag: last[1] };
          end = top;
          more = at.offset < top.offset;
        }
        expect(at).toEqual(end);
        expect(offsets).toEqual(Array.from({ length: 60 }, (_, index) => index + 1));
        expect(reads).toBeGreaterThan(1);
        for (let before = 61; before > 1;) {
          const { entries, more } = await page(broker, { limit: 100, ...bound, before });
          expect(entries.length).toBeLessThanOrEqual(most);
          expect(entries.at(-1)?.[0]).toBe(before - 1);
          before = entries[0]?.[0] ?? 0;
          expect(more).toBe(before > 1);
        }
      },
    );

    test('P22 readers of the same entries, at once and one behind the other, are each told of all from where they stand', async () => {
      const empty = await page(broker, { before: null, limit: 0 });
      await fill(60);
      const { entries: all, top } = await page(broker, { before: null, limit: 100 });
      const positions = [0, 17, 3, 59, 60, 18, 0].map((offset) =>
        offset === 0 ? empty.top : { epoch: top.epoch, offset, tag: all[offset - 1]?.[1] ?? '' },
      );
      const follow = async (from: (typeof positions)[number], limit: number): Promise<number[]> => {
        const offsets: number[] = [];
        let at = from;
        for (let more = true; more;) {
          const next = await page(broker, { after: at, limit });
          for (const entry of next.entries) {
            offsets.push(entry[0]);
            at = { epoch: next.epoch, offset: entry[0], tag: entry[1] };
          }
          more = at.offset < next.top.offset;
        }
        return offsets;
      };
      const rest = ({ offset }: { readonly offset: number }, last: number): number[] =>
        Array.from({ length: last - offset }, (_, index) => offset + index + 1);
      expect(await Promise.all(positions.map((at, index) => follow(at, 5 + index)))).toEqual(
        positions.map((at) => rest(at, 60)),
      );
      await broker.append(append({ seq: 61, id: 'x61' }));
      expect(await Promise.all(positions.map((at, index) => follow(at, 9 - index)))).toEqual(
        positions.map((at) => rest(at, 61)),
      );
      expect(await broker.read('r', { after: { ...top, offset: 17, tag: 'other' } })).toEqual({
        why: 'rewound',
      });
      expect(await broker.read('r', { after: { ...top, offset: 17, epoch: 'other' } })).toEqual({
        why: 'epoch',
      });
      await broker.append(append({ seq: 62, id: 'x62', log: { limit: 1, ttl: 60_000 } }));
      for (let seq = 63; seq < 100; seq++)
        await broker.append(append({ seq, id: `x${seq}`, log: { limit: 1, ttl: 60_000 } }));
      expect(await broker.read('r', { after: positions[1] ?? top })).toEqual({ why: 'trimmed' });
    });

    test('P22 what was trimmed is said to be, by count and by age', async () => {
      const { top } = await page(broker, { before: null, limit: 0 });
      await fill(200, { limit: 10, ttl: 60_000 });
      expect(await broker.read('r', { after: top })).toEqual({ why: 'trimmed' });
      expect((await page(broker, { before: null, limit: 1_000 })).entries.length).toBeLessThan(50);
      const old = await page(broker, { before: null, limit: 1 });
      await world.sleep(60_001);
      expect((await page(broker, { before: null, limit: 100 })).entries).toEqual([]);
      await broker.append(append({ seq: 201, id: 'late', log: { limit: 10, ttl: 60_000 } }));
      const { entries, from } = await page(broker, { before: null, limit: 100 });
      expect(entries.map(([, , , id]) => id)).toEqual(['late']);
      expect(from).toEqual(old.top);
    });

    test('P27 pages read backwards, and say whether there is more', async () => {
      await fill(5);
      const read = async (before: number | null, limit: number): Promise<unknown> => {
        const { entries, more } = await page(broker, { before, limit });
        return [entries.map(([offset]) => offset), more];
      };
      expect(await read(null, 2)).toEqual([[4, 5], true]);
      expect(await read(4, 2)).toEqual([[2, 3], true]);
      expect(await read(2, 9)).toEqual([[1], false]);
      expect(await read(1, 9)).toEqual([[], false]);
    });

    test('P25 members: once however often they enter, patched, gone, and told of', async () => {
      const events: RoomEvent[] = [];
      await broker.subscribe('r', (event) => {
        events.push(event);
      });
      await broker.enter('r', ['m', { id: 'u' }, { a: 1 }]);
      await broker.enter('r', ['m', { id: 'u' }, { a: 1 }]);
      await broker.enter('r', ['n', null, null]);
      await broker.update('r', 'm', { b: 2 });
      await broker.update('r', 'nobody', { b: 2 });
      expect(await broker.members('r')).toEqual([
        ['m', { id: 'u' }, { a: 1, b: 2 }],
        ['n', null, null],
      ]);
      await broker.exit('r', 'm');
      await broker.exit('r', 'm');
      expect(await broker.members('r')).toEqual([['n', null, null]]);
      await world.settle();
      expect(events).toEqual([
        { type: 'presence', joined: [['m', { id: 'u' }, { a: 1 }]], left: [], changed: [] },
        { type: 'presence', joined: [['n', null, null]], left: [], changed: [] },
        { type: 'presence', joined: [], left: [], changed: [['m', { b: 2 }]] },
        { type: 'presence', joined: [], left: ['m'], changed: [] },
      ]);
    });

    test('P26 what is published reaches who listens now, in that room, until they stop', async () => {
      const heard: string[] = [];
      const stop = await broker.subscribe('r', ({ type }) => {
        heard.push(type);
      });
      await broker.subscribe('other', () => {
        heard.push('other');
      });
      const event: RoomEvent = {
        type: 'broadcast',
        except: null,
        sender: null,
        message: 'm',
        version: 1,
        data: 1,
      };
      broker.publish('r', event);
      broker.publish('nowhere', event);
      await world.settle();
      stop();
      broker.publish('r', event);
      await world.settle();
      expect(heard).toEqual(['broadcast']);
    });

    test('every node hears what one tells, until it stops', async () => {
      const heard: unknown[] = [];
      const stop = broker.listen((event) => {
        heard.push(event);
      });
      broker.tell({ type: 'disconnect', user: 'u', reason: 'r' });
      await world.settle();
      stop();
      broker.tell({ type: 'disconnect', user: 'v', reason: 'r' });
      await world.settle();
      expect(heard).toEqual([{ type: 'disconnect', user: 'u', reason: 'r' }]);
    });

    test('what is handed to a node reaches it and no other, in order, for as long as it listens; nobody there is told', async () => {
      const heard: unknown[] = [];
      const stop = broker.receive('here', ({ id, body }) => {
        heard.push([id, [...body]]);
      });
      broker.receive('elsewhere', () => {
        heard.push('elsewhere');
      });
      await world.settle();
      expect(await broker.hand('here', { id: 'a', body: new Uint8Array([1, 0, 255]) })).toBe(true);
      expect(await broker.hand('here', { id: 'b', body: new Uint8Array() })).toBe(true);
      expect(await broker.hand('nowhere', { id: 'c', body: new Uint8Array() })).toBe(world.blind ?? false);
      await world.settle();
      expect(heard).toEqual([
        ['a', [1, 0, 255]],
        ['b', []],
      ]);
      stop();
      await world.settle();
      expect(await broker.hand('here', { id: 'd', body: new Uint8Array() })).toBe(world.blind ?? false);
      await world.settle();
      expect(heard).toHaveLength(2);
    });

    test('what a node carries is known until it ends, as it was said last', async () => {
      let connections = 1;
      const announced = broker.announce(() => ({
        node: 'n',
        connections,
        rooms: 2,
        draining: false,
        full: false,
      }));
      expect(await broker.nodes()).toEqual([
        { node: 'n', connections: 1, rooms: 2, draining: false, full: false },
      ]);
      connections = 5;
      announced.refresh();
      expect(await broker.nodes()).toMatchObject([{ node: 'n', connections: 5 }]);
      await announced.end();
      expect(await broker.nodes()).toEqual([]);
    });
  });
}
