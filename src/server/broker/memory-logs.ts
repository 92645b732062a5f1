// The logs of all rooms in the memory of a process, within a bound of bytes.
import { MemoryAdmissions } from './memory-admissions.js';
import { RoomLog, type EntriesMemory } from './memory-log.js';
import { RoomMembers, type MembersMemory } from './memory-members.js';
import { MemoryProducers } from './memory-producers.js';

/** After this many uses of rooms, the broker looks in all of them for what is too old. */
const sweepEveryUses = 4_096;
/** After this time, in ms, it looks at the next use. There is no timer: rooms that are not used do not grow. */
const sweepEveryMs = 600_000;

/** The part of the bound that producers may take, and the part that logs may take in any case. */
const producersShare = 1 / 4;
const admissionsShare = 1 / 16;
/** The part that is left after logs were cut. A fifth is freed at once, so that it seldom has to be done. */
const shareAfterCut = 0.8;

export interface MemoryLogsOptions {
  readonly now: () => number;
  readonly randomId: (characters: number) => string;
  readonly maxBytes: number;
}

export class MemoryLogs {
  readonly admissions: MemoryAdmissions;
  private readonly logs = new Map<string, RoomLog>();
  private readonly producers: MemoryProducers;
  private readonly entriesMemory: EntriesMemory = { bytes: 0 };
  private readonly membersMemory: MembersMemory = { bytes: 0 };
  private readonly now: () => number;
  private readonly maxBytes: number;
  /** The beginning of every epoch. */
  private readonly lifeId: string;
  private forgottenLogs = 0;
  private uses = 0;
  private sweptAt: number;

  constructor({ now, randomId, maxBytes }: MemoryLogsOptions) {
    this.now = now;
    this.maxBytes = maxBytes;
    this.lifeId = randomId(10);
    this.sweptAt = now();
    this.admissions = new MemoryAdmissions(now, maxBytes * admissionsShare);
    this.producers = new MemoryProducers(now, maxBytes * producersShare);
  }

  find(room: string): RoomLog | undefined {
    return this.logs.get(room);
  }

  /** The log of a room, which is made if there is none. */
  open(room: string): RoomLog {
    if (++this.uses % sweepEveryUses === 0 || this.now() - this.sweptAt > sweepEveryMs) this.sweep();
    let log = this.logs.get(room);
    if (!log) {
      // All logs share an epoch until one with entries is forgotten. So a room that is empty, and forgotten for a
      // moment, is still the same one to a client that comes back to it.
      const epoch = `${this.lifeId}-${this.forgottenLogs}`;
      const members = new RoomMembers(this.membersMemory);
      log = new RoomLog(epoch, this.producers.room(), members, this.entriesMemory);
      this.logs.set(room, log);
    }
    return log;
  }

  /** Forgets a log that never had an entry, if nothing refers to it any more. */
  forgetIfEmpty(room: string, log: RoomLog): void {
    if (log.top.offset === 0 && log.isUnused) this.forget(room, log);
  }

  /** If all logs together take too much, cuts those that take more than a fair share. */
  keepWithinBound(): void {
    const { maxBytes, entriesMemory, membersMemory, producers } = this;
    // Logs have what producers and members leave, and a quarter in any case.
    const logsBytes = Math.max(maxBytes / 4, maxBytes - producers.bytes - membersMemory.bytes);
    if (entriesMemory.bytes <= logsBytes) return;
    const lightestFirst = [...this.logs.values()]
      .filter((log) => log.bytes > 0)
      .toSorted((one, other) => one.bytes - other.bytes);
    let bytesLeft = logsBytes * shareAfterCut;
    for (const [index, log] of lightestFirst.entries()) {
      log.cutTo(bytesLeft / (lightestFirst.length - index));
      bytesLeft -= log.bytes;
    }
  }

  clear(): void {
    this.logs.clear();
    this.admissions.clear();
    this.producers.clear();
    this.entriesMemory.bytes = this.membersMemory.bytes = 0;
  }

  /** Forgets everything that is too old, and rooms that nothing else is left of. Such a room begins a new epoch. */
  private sweep(): void {
    this.sweptAt = this.now();
    this.admissions.sweep();
    this.producers.sweep();
    for (const [room, log] of this.logs) {
      log.trim(this.now());
      if (!log.isUnused) continue;
      this.forget(room, log);
      if (log.top.offset > 0) this.forgottenLogs++;
    }
  }

  private forget(room: string, log: RoomLog): void {
    this.producers.end(log.producers);
    this.logs.delete(room);
  }
}
