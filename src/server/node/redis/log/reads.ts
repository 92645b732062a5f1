// What is read of a room's log in Redis: bounded, checked for holes, and for many readers of the same entries read once.
import type { EntryTuple } from '../../../../protocol/frames.js';
import type { Position } from '../../../../protocol/position.js';
import type { LogPage, Range, Unrecoverable } from '../../../broker/broker.js';
import { measureItem, oldestItems } from '../../../util/frame-splitting.js';
import type { ServerPorts } from '../../../ports/ports.js';
import type { RunInRoom } from '../client/script-runner.js';
import type { RedisKeys } from '../store/keys.js';
import { createSharedPages } from './shared-pages.js';
import { contiguousUpTo } from './contiguous-entries.js';
import * as scripts from '../store/scripts.js';

interface LogReaderPorts extends Pick<ServerPorts, 'setTimer' | 'monotonicNow'> {
  readonly runInRoom: RunInRoom;
  readonly keys: RedisKeys;
  /** The arguments that every script of a room begins with. */
  readonly roomArguments: () => readonly (string | number)[];
  /** Where a room's log ended when it was heard of last; null where the room is not heard. */
  readonly heardUpTo: (room: string) => Position | null;
  /** Something in a room's log is no entry. */
  readonly reportForeign: (room: string) => void;
}

export interface LogReader {
  read(room: string, range: Range): Promise<LogPage | Unrecoverable>;
  /** Where a room's log ends. */
  top(room: string): Promise<Position>;
  close(): void;
}

/** As many as there are. */
const unlimited = 2 ** 52;

/** What Redis said of a log. */
interface LogStretch {
  readonly top: Position;
  /** The offset of the oldest entry, or the next one to be. */
  readonly first: number;
  readonly entries: readonly EntryTuple[];
  /** Whether there are more up to what was asked for. */
  readonly isCut: boolean;
}

interface LogRange {
  readonly low: string | number;
  readonly high: string | number;
  readonly newest: boolean;
  readonly limit: number;
  readonly bytes: number;
}

const bytesOf = (entries: readonly EntryTuple[]): number =>
  entries.reduce((sum, entry) => sum + measureItem(entry).bytes, 0);

export function createLogReader({
  runInRoom,
  keys,
  roomArguments,
  heardUpTo,
  reportForeign,
  setTimer,
  monotonicNow,
}: LogReaderPorts): LogReader {
  const pages = createSharedPages({ setTimer, monotonicNow });
  const keysOf = (room: string): string[] => [keys.meta(room), keys.log(room)];

  async function readPage(room: string, { low, high, newest, limit, bytes }: LogRange): Promise<LogStretch> {
    const args = [low, high, newest ? 1 : 0, Math.min(limit, unlimited), Math.min(bytes, unlimited)];
    const [epoch, offset, tag, first, texts, cutAt] = (await runInRoom(room, scripts.read, keysOf(room), [
      ...roomArguments(),
      ...args,
    ])) as [string, string, string, string, string[], string];
    const top = { epoch, offset: Number(offset), tag };
    const isCut = cutAt !== '';
    const end = isCut && !newest ? Number(cutAt) : high === '+' ? Infinity : Number(high);
    const { entries, foreign: strange } = contiguousUpTo(Math.min(end, top.offset), texts);
    if (strange > 0) reportForeign(room);
    const [readOldest] = entries;
    const isWhole = entries.length === texts.length;
    return {
      top,
      first: first === '' ? top.offset + 1 : isWhole ? Number(first) : (readOldest?.[0] ?? top.offset + 1),
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
  ): Promise<LogStretch> => readPage(room, { low: at.offset + 1, high, newest: false, limit, bytes });

  /** What other readers were given lately, if the log has it as it was: tags are a chain, so that the last one proves those before it. */
  async function provenPage(
    room: string,
    at: Position,
    kept: readonly EntryTuple[],
    limit: number,
    bytes: number,
  ): Promise<LogStretch | null> {
    const entries = oldestItems(kept, 0, limit, bytes);
    const last = entries.at(-1);
    if (!last) return null;
    const [epoch, offset, tag, first, its] = (await runInRoom(room, scripts.tagged, keysOf(room), [
      ...roomArguments(),
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
    pages.dropRoom(room);
    return null;
  }

  async function findFollowing(
    room: string,
    at: Position,
    limit: number,
    bytes: number,
  ): Promise<LogStretch> {
    const newest = heardUpTo(room);
    // As far as is known nothing follows: there is nothing to share, and many who come back at once are not to wait for one another.
    if (newest && newest.epoch === at.epoch && newest.offset <= at.offset)
      return oldest(room, at, limit, bytes, '+');
    for (;;) {
      // From here to `keep` nothing is waited for: of many readers at once, one reads.
      const reading = pages.whenRead(room, at);
      if (reading) {
        await reading;
        continue;
      }
      const kept = pages.findEntries(room, at);
      if (!kept) return pages.readAndKeep(room, at, limit, (high) => oldest(room, at, limit, bytes, high));
      const shared = await provenPage(room, at, kept, limit, bytes);
      if (shared) return shared;
    }
  }

  /** What follows a position, or a part of it. */
  async function readPart(
    room: string,
    at: Position,
    limit: number,
    bytes: number,
  ): Promise<LogStretch | Unrecoverable> {
    const its = await findFollowing(room, at, limit, bytes);
    const { top, entries } = its;
    if (at.epoch !== top.epoch) return { why: 'epoch' };
    if (at.offset > top.offset) return { why: 'rewound' };
    if (at.offset === top.offset) return at.tag === top.tag ? { ...its, entries: [] } : { why: 'rewound' };
    const [next] = entries;
    if (!next || next[0] !== at.offset + 1) return { why: 'trimmed' };
    return next[2] === at.tag ? its : { why: 'rewound' };
  }

  async function readFollowing(
    room: string,
    from: Position,
    limit: number,
    bytes: number,
  ): Promise<LogPage | Unrecoverable> {
    const first = await readPart(room, from, limit, bytes);
    if ('why' in first) return first;
    const entries = [...first.entries];
    let newest = first;
    let left = bytes - bytesOf(entries);
    // Of what others were given, one part ends where the next one begins.
    for (;;) {
      const last = entries.at(-1);
      const { top } = newest;
      if (newest.isCut || !last || last[0] >= top.offset || entries.length >= limit || left <= 0) break;
      const at = { epoch: top.epoch, offset: last[0], tag: last[1] };
      const some = await readPart(room, at, limit - entries.length, left);
      // What was read before it holds. Whoever reads on from there is told why not.
      if ('why' in some) break;
      for (const entry of some.entries) entries.push(entry);
      left -= bytesOf(some.entries);
      newest = some;
    }
    return { epoch: newest.top.epoch, top: newest.top, from, entries, more: newest.first <= from.offset };
  }

  async function readBefore(
    room: string,
    offset: number | null,
    limit: number,
    bytes: number,
  ): Promise<LogPage> {
    const isNone = limit === 0;
    // Nothing is asked for: then the highest is below the lowest.
    const { top, first, entries } = await readPage(room, {
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
        ? readFollowing(room, range.after, range.limit ?? Infinity, bytes)
        : readBefore(room, range.before, range.limit, bytes);
    },
    top: async (room) => (await readBefore(room, null, 0, Infinity)).top,
    close: pages.close,
  };
}
