// Reads of a room's log in Redis: bounded, checked for gaps, and shared by readers of the same entries.
import type { EntryTuple } from '../../../../protocol/frames.js';
import type { Position } from '../../../../protocol/position.js';
import type { LogPage, Range, Unrecoverable } from '../../../broker/broker.js';
import type { ServerPorts } from '../../../ports/ports.js';
import { measureItem, oldestItems } from '../../../util/frame-splitting.js';
import type { RunInRoom } from '../client/script-runner.js';
import type { RedisKeys } from '../store/keys.js';
import * as scripts from '../store/log-scripts.js';
import { contiguousUpTo } from './contiguous-entries.js';
import { SharedPages } from './shared-pages.js';

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

/** How much of a log is wanted. */
interface ReadBounds {
  readonly limit: number;
  readonly bytes: number;
}

export class LogReader {
  private readonly ports: LogReaderPorts;
  private readonly pages: SharedPages;

  constructor(ports: LogReaderPorts) {
    this.ports = ports;
    this.pages = new SharedPages(ports);
  }

  async read(room: string, range: Range): Promise<LogPage | Unrecoverable> {
    const { limit = Infinity, bytes = Infinity } = range;
    return 'after' in range
      ? this.readFollowing(room, range.after, { limit, bytes })
      : this.readBefore(room, range.before, { limit, bytes });
  }

  /** The end of a room's log. */
  async top(room: string): Promise<Position> {
    return (await this.readBefore(room, null, { limit: 0, bytes: Infinity })).top;
  }

  close(): void {
    this.pages.close();
  }

  private async readFollowing(
    room: string,
    from: Position,
    { limit, bytes }: ReadBounds,
  ): Promise<LogPage | Unrecoverable> {
    const first = await this.readPart(room, from, { limit, bytes });
    if ('why' in first) return first;
    const entries = [...first.entries];
    let newest = first;
    let bytesLeft = bytes - bytesOf(entries);
    // Shared pages end where the next one begins, so several may be needed.
    for (;;) {
      const last = entries.at(-1);
      const { top, isCut } = newest;
      if (isCut || !last || last[0] >= top.offset || entries.length >= limit || bytesLeft <= 0) break;
      const at = { epoch: top.epoch, offset: last[0], tag: last[1] };
      const part = await this.readPart(room, at, { limit: limit - entries.length, bytes: bytesLeft });
      // The entries that were read before are valid. The reader learns the reason when it reads on.
      if ('why' in part) break;
      for (const entry of part.entries) entries.push(entry);
      bytesLeft -= bytesOf(part.entries);
      newest = part;
    }
    return { epoch: newest.top.epoch, top: newest.top, from, entries, more: newest.first <= from.offset };
  }

  private async readBefore(
    room: string,
    offset: number | null,
    { limit, bytes }: ReadBounds,
  ): Promise<LogPage> {
    const isNone = limit === 0;
    // If nothing is asked for, the highest offset is below the lowest.
    const { top, first, entries } = await this.readStretch(room, {
      low: isNone ? 1 : '-',
      high: isNone ? 0 : offset === null ? '+' : Math.max(0, offset - 1),
      newest: true,
      limit: Math.max(1, limit),
      bytes,
    });
    const { epoch } = top;
    const [oldest] = entries;
    const from = oldest ? { epoch, offset: oldest[0] - 1, tag: oldest[2] } : top;
    const more = oldest ? first < oldest[0] : isNone && first <= top.offset;
    return { epoch, top, from, entries, more };
  }

  /** Reads the entries after a position, or some of them. */
  private async readPart(
    room: string,
    at: Position,
    bounds: ReadBounds,
  ): Promise<LogStretch | Unrecoverable> {
    const stretch = await this.findFollowing(room, at, bounds);
    const { top, entries } = stretch;
    if (at.epoch !== top.epoch) return { why: 'epoch' };
    if (at.offset > top.offset) return { why: 'rewound' };
    if (at.offset === top.offset)
      return at.tag === top.tag ? { ...stretch, entries: [] } : { why: 'rewound' };
    const [next] = entries;
    if (!next || next[0] !== at.offset + 1) return { why: 'trimmed' };
    return next[2] === at.tag ? stretch : { why: 'rewound' };
  }

  private async findFollowing(room: string, at: Position, bounds: ReadBounds): Promise<LogStretch> {
    const newest = this.ports.heardUpTo(room);
    const readUpTo = (high: number | '+'): Promise<LogStretch> =>
      this.readStretch(room, { low: at.offset + 1, high, newest: false, ...bounds });
    // As far as this node knows, nothing follows. Then there is nothing to share, and many readers that come
    // back at once must not wait for one another.
    if (newest && newest.epoch === at.epoch && newest.offset <= at.offset) return readUpTo('+');
    for (;;) {
      // There is no await between here and `readAndKeep`: of many readers at once, one reads.
      const whenRead = this.pages.whenRead(room, at);
      if (whenRead) {
        await whenRead;
        continue;
      }
      const kept = this.pages.findEntries(room, at);
      if (!kept) return this.pages.readAndKeep(room, at, bounds.limit, readUpTo);
      const shared = await this.proveShared(room, at, kept, bounds);
      if (shared) return shared;
    }
  }

  /**
   * Returns entries that another reader was given lately, if the log still has them. Tags are a chain, so the
   * tag of the last entry proves those before it.
   */
  private async proveShared(
    room: string,
    at: Position,
    kept: readonly EntryTuple[],
    { limit, bytes }: ReadBounds,
  ): Promise<LogStretch | null> {
    const { runInRoom, roomArguments } = this.ports;
    const entries = oldestItems(kept, 0, limit, bytes);
    const last = entries.at(-1);
    if (!last) return null;
    const args = [...roomArguments(), last[0]];
    const reply = await runInRoom(room, scripts.tagged, this.keysOf(room), args);
    const [epoch, offset, tag, oldest, lastTag] = reply as [string, string, string, string, string];
    const first = Number(oldest);
    const isSame = epoch === at.epoch && lastTag === last[1] && entries[0]?.[2] === at.tag;
    if (isSame && first <= at.offset + 1) {
      const top = { epoch, offset: Number(offset), tag };
      return { top, first, entries, isCut: entries.length < kept.length };
    }
    // The log has changed: it is read from Redis.
    this.pages.dropRoom(room);
    return null;
  }

  private async readStretch(
    room: string,
    { low, high, newest, limit, bytes }: LogRange,
  ): Promise<LogStretch> {
    const { runInRoom, roomArguments, reportForeign } = this.ports;
    const bounds = [Math.min(limit, unlimited), Math.min(bytes, unlimited)];
    const args = [...roomArguments(), low, high, newest ? 1 : 0, ...bounds];
    const reply = await runInRoom(room, scripts.read, this.keysOf(room), args);
    const [epoch, offset, tag, first, texts, cutAt] = reply as [
      epoch: string,
      offset: string,
      tag: string,
      first: string,
      texts: string[],
      cutAt: string,
    ];
    const top = { epoch, offset: Number(offset), tag };
    const isCut = cutAt !== '';
    const end = isCut && !newest ? Number(cutAt) : high === '+' ? Infinity : Number(high);
    const { entries, foreign } = contiguousUpTo(Math.min(end, top.offset), texts);
    if (foreign > 0) reportForeign(room);
    const isWhole = entries.length === texts.length;
    const firstHere = entries[0]?.[0] ?? top.offset + 1;
    const firstInLog = first === '' ? top.offset + 1 : isWhole ? Number(first) : firstHere;
    return { top, first: firstInLog, entries, isCut };
  }

  private keysOf(room: string): string[] {
    const { keys } = this.ports;
    return [keys.meta(room), keys.log(room)];
  }
}
