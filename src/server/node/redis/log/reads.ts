// What is read of a room's log in Redis: bounded, checked for holes, and for many readers of the same entries read once.
import type { EntryTuple } from '../../../../protocol/frames.js';
import type { Position } from '../../../../protocol/position.js';
import type { LogPage, Range, Unrecoverable } from '../../../broker/broker.js';
import { measured, oldestOf } from '../../../util/frame-splitting.js';
import type { ServerPorts } from '../../../ports/ports.js';
import type { Keys } from '../store/keys.js';
import { createPages } from './shared-pages.js';
import { runUpTo } from './contiguous-entries.js';
import * as scripts from '../store/scripts.js';

interface ReadPorts extends Pick<ServerPorts, 'after' | 'steady'> {
  readonly call: (
    room: string,
    script: string,
    keys: readonly string[],
    args: readonly (string | number)[],
  ) => Promise<unknown>;
  readonly keys: Keys;
  /** The arguments that every script of a room begins with. */
  readonly begin: () => readonly (string | number)[];
  /** Where a room's log ended when it was heard of last; null where the room is not heard. */
  readonly heard: (room: string) => Position | null;
  /** Something in a room's log is no entry. */
  readonly foreign: (room: string) => void;
}

export interface Reads {
  read(room: string, range: Range): Promise<LogPage | Unrecoverable>;
  /** Where a room's log ends. */
  top(room: string): Promise<Position>;
  close(): void;
}

/** As many as there are. */
const all = 2 ** 52;

/** What Redis said of a log. */
interface Found {
  readonly top: Position;
  /** The offset of the oldest entry, or the next one to be. */
  readonly first: number;
  readonly entries: readonly EntryTuple[];
  /** Whether there are more up to what was asked for. */
  readonly isCut: boolean;
}

interface Stretch {
  readonly low: string | number;
  readonly high: string | number;
  readonly newest: boolean;
  readonly limit: number;
  readonly bytes: number;
}

const sizeOf = (entries: readonly EntryTuple[]): number =>
  entries.reduce((sum, entry) => sum + measured(entry).bytes, 0);

export function createReads({ call, keys, begin, heard, foreign, after, steady }: ReadPorts): Reads {
  const pages = createPages({ after, steady });
  const keysOf = (room: string): string[] => [keys.meta(room), keys.log(room)];

  async function page(room: string, { low, high, newest, limit, bytes }: Stretch): Promise<Found> {
    const args = [low, high, newest ? 1 : 0, Math.min(limit, all), Math.min(bytes, all)];
    const [epoch, offset, tag, first, texts, cutAt] = (await call(room, scripts.read, keysOf(room), [
      ...begin(),
      ...args,
    ])) as [string, string, string, string, string[], string];
    const top = { epoch, offset: Number(offset), tag };
    const isCut = cutAt !== '';
    const end = isCut && !newest ? Number(cutAt) : high === '+' ? Infinity : Number(high);
    const { entries, foreign: strange } = runUpTo(Math.min(end, top.offset), texts);
    if (strange > 0) foreign(room);
    const [oldest] = entries;
    const isWhole = entries.length === texts.length;
    return {
      top,
      first: first === '' ? top.offset + 1 : isWhole ? Number(first) : (oldest?.[0] ?? top.offset + 1),
      entries,
      isCut,
    };
  }

  const oldest = (
    room: string,
    at: Position,
    limit: number,
    bytes: number,
    high: number | '+',
  ): Promise<Found> => page(room, { low: at.offset + 1, high, newest: false, limit, bytes });

  /** What other readers were given lately, if the log has it as it was: tags are a chain, so that the last one proves those before it. */
  async function proven(
    room: string,
    at: Position,
    kept: readonly EntryTuple[],
    limit: number,
    bytes: number,
  ): Promise<Found | null> {
    const entries = oldestOf(kept, 0, limit, bytes);
    const last = entries.at(-1);
    if (!last) return null;
    const [epoch, offset, tag, first, its] = (await call(room, scripts.tagged, keysOf(room), [
      ...begin(),
      last[0],
    ])) as [string, string, string, string, string];
    if (epoch === at.epoch && its === last[1] && entries[0]?.[2] === at.tag && Number(first) <= at.offset + 1)
      return {
        top: { epoch, offset: Number(offset), tag },
        first: Number(first),
        entries,
        isCut: entries.length < kept.length,
      };
    // The log is not what it was: it is read anew.
    pages.drop(room);
    return null;
  }

  async function found(room: string, at: Position, limit: number, bytes: number): Promise<Found> {
    const newest = heard(room);
    // As far as is known nothing follows: there is nothing to share, and many who come back at once are not to wait for one another.
    if (newest && newest.epoch === at.epoch && newest.offset <= at.offset)
      return oldest(room, at, limit, bytes, '+');
    for (;;) {
      // From here to `keep` nothing is waited for: of many readers at once, one reads.
      const reading = pages.reading(room, at);
      if (reading) {
        await reading;
        continue;
      }
      const kept = pages.find(room, at);
      if (!kept) return pages.keep(room, at, limit, (high) => oldest(room, at, limit, bytes, high));
      const shared = await proven(room, at, kept, limit, bytes);
      if (shared) return shared;
    }
  }

  /** What follows a position, or a part of it. */
  async function part(
    room: string,
    at: Position,
    limit: number,
    bytes: number,
  ): Promise<Found | Unrecoverable> {
    const its = await found(room, at, limit, bytes);
    const { top, entries } = its;
    if (at.epoch !== top.epoch) return { why: 'epoch' };
    if (at.offset > top.offset) return { why: 'rewound' };
    if (at.offset === top.offset) return at.tag === top.tag ? { ...its, entries: [] } : { why: 'rewound' };
    const [next] = entries;
    if (!next || next[0] !== at.offset + 1) return { why: 'trimmed' };
    return next[2] === at.tag ? its : { why: 'rewound' };
  }

  async function following(
    room: string,
    from: Position,
    limit: number,
    bytes: number,
  ): Promise<LogPage | Unrecoverable> {
    const first = await part(room, from, limit, bytes);
    if ('why' in first) return first;
    const entries = [...first.entries];
    let newest = first;
    let left = bytes - sizeOf(entries);
    // Of what others were given, one part ends where the next one begins.
    for (;;) {
      const last = entries.at(-1);
      const { top } = newest;
      if (newest.isCut || !last || last[0] >= top.offset || entries.length >= limit || left <= 0) break;
      const at = { epoch: top.epoch, offset: last[0], tag: last[1] };
      const some = await part(room, at, limit - entries.length, left);
      // What was read before it holds. Whoever reads on from there is told why not.
      if ('why' in some) break;
      for (const entry of some.entries) entries.push(entry);
      left -= sizeOf(some.entries);
      newest = some;
    }
    return { epoch: newest.top.epoch, top: newest.top, from, entries, more: newest.first <= from.offset };
  }

  async function before(room: string, offset: number | null, limit: number, bytes: number): Promise<LogPage> {
    const isNone = limit === 0;
    // Nothing is asked for: then the highest is below the lowest.
    const { top, first, entries } = await page(room, {
      low: isNone ? 1 : '-',
      high: isNone ? 0 : offset === null ? '+' : Math.max(0, offset - 1),
      newest: true,
      limit: Math.max(1, limit),
      bytes,
    });
    const { epoch } = top;
    const [oldest] = entries;
    const from = oldest ? { epoch, offset: oldest[0] - 1, tag: oldest[2] } : top;
    return {
      epoch,
      top,
      from,
      entries,
      more: oldest ? first < oldest[0] : isNone && first <= top.offset,
    };
  }

  return {
    read: (room, range) => {
      const { bytes = Infinity } = range;
      return 'after' in range
        ? following(room, range.after, range.limit ?? Infinity, bytes)
        : before(room, range.before, range.limit, bytes);
    },
    top: async (room) => (await before(room, null, 0, Infinity)).top,
    close: pages.close,
  };
}
