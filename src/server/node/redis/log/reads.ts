// Reads of a room's log in Redis: bounded, checked for holes, and shared by readers of the same entries.
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
  /** The end of a room's log as this node last heard of it; null if it does not hear the room. */
  readonly heardUpTo: (room: string) => Position | null;
  /** Called if a room's log holds something that is no entry. */
  readonly reportForeign: (room: string) => void;
}

export interface LogReader {
  read(room: string, range: Range): Promise<LogPage | Unrecoverable>;
  /** The end of a room's log. */
  top(room: string): Promise<Position>;
  close(): void;
}

/** A limit for "all entries". */
const unlimited = 2 ** 52;

/** A stretch of a log, as Redis returned it. */
interface LogStretch {
  readonly top: Position;
  /** The offset of the oldest entry in the log, or of the next one if the log is empty. */
  readonly first: number;
  readonly entries: readonly EntryTuple[];
  /** Whether more entries were asked for than are here. */
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

  /**
   * Returns entries that another reader was given lately, if the log still has them. Tags are a chain, so the
   * tag of the last entry proves those before it.
   */
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
    // The log has changed: it is read from Redis.
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
    // As far as this node knows, nothing follows. Then there is nothing to share, and many readers that come
    // back at once must not wait for one another.
    if (newest && newest.epoch === at.epoch && newest.offset <= at.offset)
      return oldest(room, at, limit, bytes, '+');
    for (;;) {
      // There is no await between here and `readAndKeep`: of many readers at once, one reads.
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

  /** Reads the entries after a position, or some of them. */
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
    // Shared pages end where the next one begins, so several may be needed.
    for (;;) {
      const last = entries.at(-1);
      const { top } = newest;
      if (newest.isCut || !last || last[0] >= top.offset || entries.length >= limit || left <= 0) break;
      const at = { epoch: top.epoch, offset: last[0], tag: last[1] };
      const some = await readPart(room, at, limit - entries.length, left);
      // The entries that were read before are valid. The reader learns the reason when it reads on.
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
    // If nothing is asked for, the highest offset is below the lowest.
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
