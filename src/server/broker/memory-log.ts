// The log of one room in the memory of a process, with the room's producers, members and listeners.
import type { EntryTuple } from '../../protocol/frames.js';
import type { Position } from '../../protocol/position.js';
import { countNewestBefore, oldestItems } from '../util/frame-splitting.js';
import { memorySizeOf } from '../util/memory-size.js';
import type { Append, LogLimits, LogPage, Range, RoomEvent, Unrecoverable } from './broker.js';
import type { RoomMembers } from './memory-members.js';
import type { RoomProducers } from './memory-producers.js';

/** The memory that an entry takes beside its data, in bytes. */
const entryBytes = 300;

/** The memory that the entries of all rooms take together. */
export interface EntriesMemory {
  bytes: number;
}

export class RoomLog {
  readonly epoch: string;
  readonly producers: RoomProducers;
  readonly members: RoomMembers;
  readonly listeners: Set<(event: RoomEvent) => void> = new Set();
  /** The end of the log. */
  top: Position;
  /** The memory that the entries take, in bytes. */
  bytes = 0;
  /** The limits of the newest append. */
  private limits: LogLimits = { limit: 0, ttl: Infinity };
  /** The oldest comes first, and offsets have no gap. */
  private entries: EntryTuple[] = [];
  /** The memory that each entry takes, in bytes. */
  private sizes: number[] = [];
  private readonly memory: EntriesMemory;

  constructor(epoch: string, producers: RoomProducers, members: RoomMembers, memory: EntriesMemory) {
    this.epoch = epoch;
    this.top = { epoch, offset: 0, tag: '' };
    this.producers = producers;
    this.members = members;
    this.memory = memory;
  }

  /** Whether nothing refers to the room, and nothing in it is remembered. */
  get isUnused(): boolean {
    return this.entries.length + this.producers.size + this.members.size + this.listeners.size === 0;
  }

  emit(event: RoomEvent): void {
    for (const listener of this.listeners) listener(event);
  }

  /** Adds an entry, which the limits of its append may forget at once. */
  add(append: Append, tag: string, now: number): EntryTuple {
    const { id, sender, type, version, data, log } = append;
    const offset = this.top.offset + 1;
    const entry: EntryTuple = [offset, tag, this.top.tag, id, now, sender, type, version, data];
    this.top = { epoch: this.epoch, offset, tag };
    if (log.limit > 0) {
      const size = entryBytes + memorySizeOf(data);
      this.entries.push(entry);
      this.sizes.push(size);
      this.bytes += size;
      this.memory.bytes += size;
    }
    this.limits = log;
    return entry;
  }

  /**
   * Drops the entries beyond the limits. Surplus entries leave in slices, so that an append costs the same however long
   * the log is.
   */
  trim(now: number): void {
    const { entries } = this;
    const { limit, ttl } = this.limits;
    let surplus = entries.length > limit * 1.25 + 16 ? entries.length - limit : 0;
    while (surplus < entries.length && (entries[surplus] as EntryTuple)[4] < now - ttl) surplus++;
    this.dropOldest(surplus);
  }

  /** Drops the oldest entries until the others take at most `maxBytes`. */
  cutTo(maxBytes: number): void {
    let count = 0;
    for (let surplus = this.bytes - maxBytes; surplus > 0 && count < this.sizes.length; count++)
      surplus -= this.sizes[count] as number;
    this.dropOldest(count);
  }

  read(range: Range): LogPage | Unrecoverable {
    return 'after' in range ? this.readAfter(range) : this.readBefore(range);
  }

  private get firstOffset(): number {
    return this.entries[0]?.[0] ?? this.top.offset + 1;
  }

  private readAfter({
    after,
    limit = Infinity,
    bytes = Infinity,
  }: Extract<Range, { after: Position }>): LogPage | Unrecoverable {
    const { entries, top, epoch, firstOffset } = this;
    if (after.epoch !== epoch) return { why: 'epoch' };
    if (after.offset > top.offset) return { why: 'rewound' };
    if (after.offset === top.offset)
      return after.tag === top.tag
        ? { epoch, top, from: after, entries: [], more: entries.length > 0 }
        : { why: 'rewound' };
    if (after.offset + 1 < firstOffset) return { why: 'trimmed' };
    const index = after.offset + 1 - firstOffset;
    if ((entries[index] as EntryTuple)[2] !== after.tag) return { why: 'rewound' };
    const following = oldestItems(entries, index, limit, bytes);
    return { epoch, top, from: after, entries: following, more: index > 0 };
  }

  private readBefore({ before, limit, bytes = Infinity }: Exclude<Range, { after: Position }>): LogPage {
    const { entries, top, epoch, firstOffset } = this;
    const end =
      before === null ? entries.length : Math.min(entries.length, Math.max(0, before - firstOffset));
    const start = end - countNewestBefore(entries, end, limit, bytes);
    return {
      epoch,
      top,
      from: limit === 0 && before === null ? top : this.positionBefore(start),
      entries: entries.slice(start, end),
      more: start > 0,
    };
  }

  /** The position of a reader that has everything before the entry at `index`. */
  private positionBefore(index: number): Position {
    const entry = this.entries[index];
    return entry ? { epoch: this.epoch, offset: entry[0] - 1, tag: entry[2] } : this.top;
  }

  private dropOldest(count: number): void {
    if (count === 0) return;
    let freedBytes = 0;
    for (let index = 0; index < count; index++) freedBytes += this.sizes[index] as number;
    this.entries = this.entries.slice(count);
    this.sizes = this.sizes.slice(count);
    this.bytes -= freedBytes;
    this.memory.bytes -= freedBytes;
  }
}
