// Storage at work for one client: it restores what an earlier page left, writes what changes, and has the messages of
// closed pages delivered.
import type { Restored } from '../machine/model/events.js';
import { afterAwake } from './awake-timer.js';
import type { HeldSession } from './disk.js';
import { createOrphans, type Orphans } from './orphans.js';
import type { Keep, Keeper, StorageHost, Take } from './port.js';
import { orderOf, restoredFrom } from './records.js';
import { createServerName, type ServerName } from './server-name.js';
import { createWriter, type Outbox, type Writer } from './writer.js';

/** How long opening may take, in ms. Some browsers never answer. */
const openTimeoutMs = 3_000;

/** `take` opens the disk and locks a session on it. */
export const createKeeper: Keep = (host, take, serverOf) => {
  const keeper = new SessionKeeper(host, take, serverOf);
  return {
    ready: (address) => keeper.ready(address),
    sync() {
      keeper.sync();
    },
    release(isForeign) {
      keeper.release(isForeign);
    },
  };
};

class SessionKeeper implements Keeper {
  readonly #host: StorageHost;
  readonly #serverOf: (address: string) => string;
  readonly #server: ServerName;
  readonly #opened: Promise<void>;
  #writer: Writer | null = null;
  #orphans: Orphans | null = null;
  #stopListening = (): void => undefined;
  #ended = false;
  #wasLive = false;

  constructor(host: StorageHost, take: Take, serverOf: (address: string) => string) {
    this.#host = host;
    this.#serverOf = serverOf;
    this.#server = createServerName(host.clock, serverOf);
    void this.#askForAddress();
    const opened = this.#open(take).catch((error: unknown) => {
      this.#fail(error);
    });
    this.#opened = Promise.race([opened, this.#openTimeout(opened)]);
  }

  ready(address: string): Promise<void> {
    this.#server.set(address);
    return this.#opened;
  }

  sync(): void {
    if (this.#ended || !this.#writer) return;
    const { rooms, connection } = this.#host.state();
    // A closed client fails its messages. On disk they stay as they are, for the next client.
    if (connection.status === 'closed') return this.release();
    this.#writer.write(new Map(Array.from(rooms.values(), ({ id, outbox }) => [id, outbox.entries])));
    const identity = this.#identity();
    if (identity) this.#writer.own(identity.owner, identity.member, this.#server.current);
    const isLive = connection.status === 'live';
    if (isLive && !this.#wasLive) this.#orphans?.look();
    this.#wasLive = isLive;
  }

  release(isForeign = false): void {
    if (!this.#end()) return;
    this.#server.stopWaiting();
    if (isForeign) for (const id of this.#unclaimedMessages()) this.#writer?.forget(id);
    this.#writer?.end();
  }

  /** Returns false if the keeper has ended before. */
  #end(): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    this.#orphans?.end();
    this.#stopListening();
    return true;
  }

  /**
   * From now on the client works as if there were no storage. The session on disk is forgotten: a later page would send
   * its messages a second time.
   */
  #fail(error: unknown): void {
    if (!this.#end()) return;
    const { dispatch, tell, logger } = this.#host;
    this.#writer?.abandon().catch((reason: unknown) => {
      // Another page must not send the messages: the session stays locked while this page lives.
      logger.warn('roomful: the outbox on disk could not be removed, and may be sent again', reason);
    });
    dispatch({ type: 'storage-lost' });
    if (!tell({ type: 'failed', error }))
      logger.warn('roomful: the outbox is held in memory only, its storage failed', error);
  }

  /**
   * Asks for the address at once. An attempt has it too, but may wait for its code or for a token first, and a session
   * of an earlier page has to be locked early.
   */
  async #askForAddress(): Promise<void> {
    const { url } = this.#host;
    try {
      this.#server.set(String(typeof url === 'function' ? await url() : url));
    } catch {
      // The attempt asks for the address again, and reports what fails.
    }
  }

  /** Fails, and resolves, if opening takes too long. The time begins once the server is known. */
  async #openTimeout(opened: Promise<void>): Promise<void> {
    await this.#server.known;
    await new Promise<void>((resolve) => {
      const stop = afterAwake(this.#host.clock, openTimeoutMs, () => {
        if (!this.#writer) this.#fail(new Error(`storage did not open within ${openTimeoutMs} ms`));
        resolve();
      });
      void opened.then(stop);
    });
  }

  async #open(take: Take): Promise<void> {
    const session = await take(this.#server.known);
    const { row, disk, unlock } = session;
    let records: readonly unknown[] = [];
    try {
      if (!this.#ended) records = await disk.messages(row.key);
    } catch (error) {
      unlock();
      throw error;
    }
    if (this.#ended) return unlock();
    const { messages, orders, corrupt } = readRecords(records);
    this.#start(session, messages, orders);
    this.#restore(session, messages);
    for (const record of corrupt) {
      const { id } = record as { readonly id?: unknown };
      if (typeof id === 'string') this.#writer?.forget(id);
      this.#host.tell({ type: 'corrupt', record });
    }
    this.sync();
  }

  /** Makes the parts that work on the session. */
  #start(session: HeldSession, messages: readonly Restored[], orders: Map<string, number>): void {
    const { row, disk } = session;
    const fail = (error: unknown): void => {
      this.#fail(error);
    };
    const writer = createWriter(session, groupByRoom(messages), orders, {
      stored: (written) => {
        const stored = written.map(({ room, id, seq }) => [room, id, seq] as const);
        if (!this.#ended) this.#host.dispatch({ type: 'stored', records: stored });
      },
      failed: fail,
      after: this.#host.clock.after,
    });
    this.#writer = writer;
    this.#orphans = createOrphans(
      disk,
      {
        key: row.key,
        wanted: () => ({ owner: this.#identity()?.owner ?? row.owner, server: this.#server.current }),
        written: () => {
          this.sync();
          return writer.idle();
        },
      },
      this.#host,
      (host, takeSession) => createKeeper(host, takeSession, this.#serverOf),
    );
    disk.lost(fail);
    this.#stopListening = disk.leaving(writer.hurry);
  }

  /** Gives the session and its messages to the machine. */
  #restore({ row }: HeldSession, messages: readonly Restored[]): void {
    const { dispatch, randomId, tell } = this.#host;
    const session = {
      key: row.key,
      instance: randomId(12),
      owner: row.owner,
      member: row.member,
      held: true,
    };
    dispatch({ type: 'restored', session, messages });
    tell({ type: 'restored', messages: messages.length });
  }

  /** Returns the user and the member of the session; null until the server has named them. */
  #identity(): { readonly owner: string | null; readonly member: string } | null {
    const { self, session } = this.#host.state();
    return self?.key === session.key ? { owner: self.user?.id ?? null, member: self.member } : null;
  }

  /** Returns ids of the messages that this page sent before the server named the user of the session. */
  #unclaimedMessages(): readonly string[] {
    if (this.#identity()) return [];
    return Array.from(this.#host.state().rooms.values()).flatMap(({ outbox }) =>
      Array.from(outbox.entries.values()).flatMap(({ id, promiseSettled }) => (promiseSettled ? [] : id)),
    );
  }
}

/** Reads records of a disk as messages, in the order of their calls. */
function readRecords(records: readonly unknown[]): {
  readonly messages: readonly Restored[];
  readonly orders: Map<string, number>;
  readonly corrupt: readonly unknown[];
} {
  const messages: Restored[] = [];
  const orders = new Map<string, number>();
  const corrupt: unknown[] = [];
  for (const record of records.toSorted((a, b) => orderOf(a) - orderOf(b))) {
    const message = restoredFrom(record);
    if (message) {
      messages.push(message);
      orders.set(message.entry.id, orderOf(record));
    } else corrupt.push(record);
  }
  return { messages, orders, corrupt };
}

function groupByRoom(messages: readonly Restored[]): Outbox {
  const rooms = new Map<string, Map<string, Restored['entry']>>();
  for (const { room, entry } of messages) {
    const entries = rooms.get(room);
    if (entries) entries.set(entry.id, entry);
    else rooms.set(room, new Map([[entry.id, entry]]));
  }
  return rooms;
}
