// Writes what changes in an outbox, many records to one step: what is gathered during a step is the next one.
import type { Clock } from '../edge/clock.js';
import type { Entry } from '../machine/model/entry.js';
import type { OutboxEntries } from '../machine/model/room-state.js';
import type { HeldSession, MessageRecord } from './disk.js';
import { recordOf } from './records.js';

/** Records of one step: the page is not held up for longer than it takes to copy them. */
const batch = 500;

/** How long a step may take, in ms: messages wait for it. */
const stepTime = 10_000;

function inTime(step: Promise<void>, after: Clock['after']): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = after(stepTime, () => {
      reject(new Error(`storage took longer than ${stepTime} ms to write`));
    });
    step.then(resolve, reject).finally(cancel);
  });
}

export type Outbox = ReadonlyMap<string, OutboxEntries>;

export interface Writer {
  /** Writes whatever differs from the outbox before: a new message, its number, its failure, its end. */
  write(outbox: Outbox): void;
  /** Says whose the session is. */
  own(owner: string | null, member: string, server: string | undefined): void;
  /** Forgets a record. */
  forget(id: string): void;
  /** Begins to write all that is gathered, and waits for no step before: there may be no later. */
  hurry(): void;
  /** Resolves once everything is written, or never will be. */
  idle(): Promise<void>;
  /** Unlocks the session once everything is written. */
  end(): void;
  /** Unlocks the session once everything about it is forgotten. */
  abandon(): void;
}

export interface WriterEvents {
  readonly stored: (records: readonly MessageRecord[]) => void;
  readonly failed: (error: unknown) => void;
  readonly after: Clock['after'];
}

/** `before`: the outbox as it is on disk, `orders`: the order of each message in it, by id. */
export function createWriter(
  { row, disk, unlock }: HeldSession,
  before: Outbox,
  orders: Map<string, number>,
  { stored, failed, after }: WriterEvents,
): Writer {
  const { key } = row;
  let written = before;
  let lastOrder = Math.max(0, ...orders.values());
  let nextRow: typeof row | null = null;
  let latest = row;
  const puts = new Map<string, MessageRecord>();
  const deletes = new Set<string>();
  let busy = false;
  const waiting: (() => void)[] = [];
  let ended = false;
  let hurried: Promise<void> | undefined;

  async function step(): Promise<void> {
    const some = Array.from(puts.values()).slice(0, batch);
    const change = { ...(nextRow && { row: nextRow }), puts: some, deletes: Array.from(deletes) };
    for (const { id } of some) puts.delete(id);
    deletes.clear();
    nextRow = null;
    await inTime(disk.write(key, change), after);
    if (some.length) stored(some);
  }

  async function work(): Promise<void> {
    if (busy) return;
    busy = true;
    try {
      // What changes within one turn is one step.
      await Promise.resolve();
      while (puts.size || deletes.size || nextRow) {
        await step();
        await hurried;
      }
    } catch (error) {
      failed(error);
    }
    busy = false;
    for (const resolve of waiting.splice(0)) resolve();
    if (ended) unlock();
  }

  function compare(room: string, old: OutboxEntries, now: OutboxEntries): void {
    for (const entry of now.values()) {
      const known = old.get(entry.id);
      if (known && known.seq === entry.seq && known.failure === entry.failure) continue;
      put(room, entry, known);
    }
    for (const id of old.keys()) {
      if (now.has(id)) continue;
      orders.delete(id);
      puts.delete(id);
      deletes.add(id);
    }
  }

  function put(room: string, entry: Entry, known: Entry | undefined): void {
    // One that failed and is tried again is the newest.
    const order = (!known?.failure || entry.failure ? orders.get(entry.id) : undefined) ?? ++lastOrder;
    orders.set(entry.id, order);
    deletes.delete(entry.id);
    puts.set(entry.id, recordOf(room, entry, order));
  }

  return {
    write(outbox) {
      const none: OutboxEntries = new Map();
      for (const [room, entries] of outbox) {
        const old = written.get(room) ?? none;
        if (old !== entries) compare(room, old, entries);
      }
      for (const [room, entries] of written) if (!outbox.has(room)) compare(room, entries, none);
      written = outbox;
      if (puts.size || deletes.size) void work();
    },
    own(owner, member, server) {
      if (latest.owner === owner && latest.member === member && latest.server === (latest.server ?? server))
        return;
      latest = nextRow = { ...latest, owner, member, server: latest.server ?? server };
      void work();
    },
    forget(id) {
      puts.delete(id);
      deletes.add(id);
      void work();
    },
    hurry() {
      while (puts.size || deletes.size) hurried = step().catch(failed);
    },
    idle: () =>
      new Promise((resolve) => {
        waiting.push(resolve);
        void work();
      }),
    end() {
      ended = true;
      void work();
    },
    abandon() {
      // Where even that fails, nobody else may have it while this page lives.
      disk.remove(key).then(unlock, () => undefined);
    },
  };
}
