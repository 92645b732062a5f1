// Writes what changes in an outbox, many records in one step. What changes during a step is written by the next step.
import type { Clock } from '../edge/clock.js';
import type { Entry } from '../machine/model/entry.js';
import type { OutboxEntries } from '../machine/model/room-state.js';
import type { HeldSession, MessageRecord, SessionRow } from './disk.js';
import { recordOf } from './records.js';

/** Records in one step. The page is held up for no longer than it takes to copy them. */
const maxStepRecords = 500;

/** How long a step may take, in ms: messages are not sent before they are written. */
const stepTimeoutMs = 10_000;

function inTime(step: Promise<void>, after: Clock['after']): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = after(stepTimeoutMs, () => {
      reject(new Error(`storage took longer than ${stepTimeoutMs} ms to write`));
    });
    step.then(resolve, reject).finally(cancel);
  });
}

export type Outbox = ReadonlyMap<string, OutboxEntries>;

export interface Writer {
  /** Writes what differs from the outbox before: a new message, its seq, its failure, its end. */
  write(outbox: Outbox): void;
  /** Writes the user, the member and the server of the session. */
  own(owner: string | null, member: string, server: string | undefined): void;
  /** Removes a record. */
  forget(id: string): void;
  /** Begins to write everything at once, without waiting for the step before: the page may be gone soon. */
  hurry(): void;
  /** Resolves once everything is written, or writing has failed. */
  idle(): Promise<void>;
  /** Unlocks the session once everything is written. */
  end(): void;
  /** Removes the session with its records, and unlocks it. Rejects, and leaves it locked, if that fails. */
  abandon(): Promise<void>;
}

export interface WriterEvents {
  readonly stored: (records: readonly MessageRecord[]) => void;
  readonly failed: (error: unknown) => void;
  readonly after: Clock['after'];
}

/** What the next steps write. */
interface Changes {
  row: SessionRow | null;
  readonly puts: Map<string, MessageRecord>;
  readonly deletes: Set<string>;
}

const noEntries: OutboxEntries = new Map();

/** `before`: the outbox as it is on disk, `orders`: the order of each message in it, by id. */
export function createWriter(
  { row, disk, unlock }: HeldSession,
  before: Outbox,
  orders: Map<string, number>,
  { stored, failed, after }: WriterEvents,
): Writer {
  const { key } = row;
  const changes: Changes = { row: null, puts: new Map(), deletes: new Set() };
  const { puts, deletes } = changes;
  const compare = createComparison(before, orders, changes);
  let latestRow = row;
  let isWorking = false;
  let ended = false;
  const idlers: (() => void)[] = [];
  let hurried: Promise<void> | undefined;

  const step = async (): Promise<void> => {
    const records = Array.from(puts.values()).slice(0, maxStepRecords);
    const change = { ...(changes.row && { row: changes.row }), puts: records, deletes: Array.from(deletes) };
    for (const { id } of records) puts.delete(id);
    deletes.clear();
    changes.row = null;
    await inTime(disk.write(key, change), after);
    if (records.length) stored(records);
  };

  const work = async (): Promise<void> => {
    if (isWorking) return;
    isWorking = true;
    try {
      // All changes of one turn of the event loop go into one step.
      await Promise.resolve();
      while (puts.size || deletes.size || changes.row) {
        await step();
        await hurried;
      }
    } catch (error) {
      failed(error);
    }
    isWorking = false;
    for (const resolve of idlers.splice(0)) resolve();
    if (ended) unlock();
  };

  return {
    write(outbox) {
      compare(outbox);
      if (puts.size || deletes.size) void work();
    },
    own(owner, member, name) {
      const server = latestRow.server ?? name;
      if (latestRow.owner === owner && latestRow.member === member && latestRow.server === server) return;
      latestRow = changes.row = { ...latestRow, owner, member, server };
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
        idlers.push(resolve);
        void work();
      }),
    end() {
      ended = true;
      void work();
    },
    abandon: () => disk.remove(key).then(unlock),
  };
}

/** Returns a function that notes what differs between an outbox and the one before it. */
function createComparison(
  before: Outbox,
  orders: Map<string, number>,
  { puts, deletes }: Changes,
): (outbox: Outbox) => void {
  let noted = before;
  let lastOrder = Math.max(0, ...orders.values());

  const put = (room: string, entry: Entry, known: Entry | undefined): void => {
    // A message that failed and is sent again becomes the newest.
    const isRetried = known?.failure && !entry.failure;
    const order = (isRetried ? undefined : orders.get(entry.id)) ?? ++lastOrder;
    orders.set(entry.id, order);
    deletes.delete(entry.id);
    puts.set(entry.id, recordOf(room, entry, order));
  };

  const compareRoom = (room: string, old: OutboxEntries, now: OutboxEntries): void => {
    for (const entry of now.values()) {
      const known = old.get(entry.id);
      if (known?.seq !== entry.seq || known.failure !== entry.failure) put(room, entry, known);
    }
    for (const id of old.keys()) {
      if (now.has(id)) continue;
      orders.delete(id);
      puts.delete(id);
      deletes.add(id);
    }
  };

  return (outbox) => {
    for (const [room, entries] of outbox) {
      const old = noted.get(room) ?? noEntries;
      if (old !== entries) compareRoom(room, old, entries);
    }
    for (const [room, entries] of noted) if (!outbox.has(room)) compareRoom(room, entries, noEntries);
    noted = outbox;
  };
}
