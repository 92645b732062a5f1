// Takes messages of the app into the outbox, within its bounds.
import { ensureRoom } from '../model/draft.js';
import { isQueued, type Entry } from '../model/entry.js';
import type { Outgoing } from '../model/events.js';
import { never } from '../model/limits.js';
import type { Failure } from '../model/message.js';
import type { Room } from '../model/room-state.js';
import type { Draft, Turn } from '../model/slice.js';
import { refusalOf } from '../room/membership.js';
import { abandonQueued, putEntry, removeEntry, settlePromise } from './entries.js';

/** A number of messages, and their bytes. */
interface Load {
  count: number;
  bytes: number;
}

const addTo = (load: Load, entry: Entry, times: 1 | -1): void => {
  load.count += times;
  load.bytes += entry.bytes * times;
};

const overflow = (message: string): Failure => ({ code: 'overflow', message });

/** Shared by messages that replace none: it is never changed. */
const noLoad: Load = { count: 0, bytes: 0 };
const noEntries: readonly Entry[] = [];

/** The oldest message of all rooms that was not sent. */
function oldestQueued({ state }: Turn): readonly [roomId: string, entry: Entry] | null {
  let oldest: readonly [roomId: string, entry: Entry] | null = null;
  let oldestAt = never;
  for (const { id, outbox } of state.rooms.values())
    for (const entry of outbox.entries.values()) {
      if (!isQueued(entry) || entry.queuedAt >= oldestAt) continue;
      oldest = [id, entry];
      oldestAt = entry.queuedAt;
    }
  return oldest;
}

/** The queued messages of a room that a message with this key replaces. */
const replacedBy = (room: Room | undefined, coalesceKey: string | null): readonly Entry[] =>
  coalesceKey === null || !room
    ? noEntries
    : Array.from(room.outbox.entries.values()).filter(
        (old) => old.coalesceKey === coalesceKey && isQueued(old),
      );

function newEntry({ now, config }: Turn, message: Outgoing): Draft<Entry> {
  const ttl = message.ttl ?? config.outbox.ttl;
  // Each field is named: an object that is spread from the rest of another is slow in V8, and so is each copy of it.
  return {
    id: message.id,
    type: message.type,
    version: message.version,
    data: message.data,
    displayData: message.displayData,
    bytes: message.bytes,
    coalesceKey: message.coalesceKey,
    queuedAt: now,
    expiresAt: ttl === null ? never : now + ttl,
    seq: null,
    sentOn: null,
    mayHaveBeenSent: false,
    storedSeq: null,
    inLog: false,
    promiseSettled: false,
    failure: null,
    replaces: [],
  };
}

/** What the outbox holds, all rooms together. */
class OutboxLoad {
  readonly all: Load = { count: 0, bytes: 0 };
  readonly queued: Load = { count: 0, bytes: 0 };
  readonly #turn: Turn;

  constructor(turn: Turn) {
    this.#turn = turn;
    for (const { outbox } of turn.state.rooms.values())
      for (const entry of outbox.entries.values()) {
        if (!entry.failure) addTo(this.all, entry, 1);
        if (isQueued(entry)) addTo(this.queued, entry, 1);
      }
  }

  /** Counts a queued message in, or out. */
  change(entry: Entry, times: 1 | -1): void {
    addTo(this.all, entry, times);
    addTo(this.queued, entry, times);
  }

  /** True if a message fits once what `without` counts is removed. */
  fits(entry: Entry, without: Readonly<Load>): boolean {
    const { limit, bytes } = this.#turn.config.outbox;
    return this.all.count - without.count < limit && this.all.bytes - without.bytes + entry.bytes <= bytes;
  }
}

/** Takes one message in, or refuses it. */
function enqueueOne(turn: Turn, load: OutboxLoad, message: Outgoing): void {
  const id = message.room;
  const { overflow: policy } = turn.config.outbox;
  const entry = newEntry(turn, message);
  const replaced = replacedBy(turn.state.rooms.get(id), message.coalesceKey);
  const freed: Load = replaced.length > 0 ? { count: 0, bytes: 0 } : noLoad;
  for (const old of replaced) addTo(freed, old, 1);
  const mayFit = load.fits(entry, freed) || (policy === 'drop-oldest' && load.fits(entry, load.queued));
  const { count, bytes } = load.all;
  const refusal =
    refusalOf(turn.state, id) ??
    (mayFit ? null : overflow(`the outbox is full: ${count} messages, ${bytes} bytes`));
  if (refusal) return settlePromise(turn, entry, refusal);
  ensureRoom(turn, id);
  for (const old of replaced) {
    removeEntry(turn, id, old);
    load.change(old, -1);
    // A message that failed and was tried again has no promise any more.
    if (!old.promiseSettled) entry.replaces = [...entry.replaces, ...old.replaces, old.id];
  }
  while (!load.fits(entry, noLoad)) {
    const oldest = oldestQueued(turn);
    if (!oldest) break;
    abandonQueued(turn, ...oldest, overflow('dropped: the outbox is full'));
    load.change(oldest[1], -1);
  }
  load.change(entry, 1);
  putEntry(turn, id, entry);
}

/**
 * Takes messages in, in order. If the outbox is full, its policy decides: the new message is refused, or the oldest
 * messages that were not sent are dropped. A message that would not fit even then is refused, and nothing is dropped.
 */
export function enqueue(turn: Turn, messages: readonly Outgoing[]): void {
  const load = new OutboxLoad(turn);
  for (const message of messages) enqueueOne(turn, load, message);
}
