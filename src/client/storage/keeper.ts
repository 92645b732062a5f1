// Storage at work for one client: gives back what an earlier page left, writes what changes, and looks after what others left.
import type { Restored } from '../machine/model/events.js';
import { createOrphans, type Orphans } from './orphans.js';
import type { Keep } from './port.js';
import { orderOf, restoredFrom } from './records.js';
import { createWriter, type Outbox, type Writer } from './writer.js';

/** How long opening may take, in ms: some browsers never answer. */
const openTime = 3_000;
/** How long the address may take to be known, in ms. After that a session of its own is taken: what the page says is kept at once. */
const addressTimeMs = 1_000;
/** It is counted in parts: one in which the page slept, or was too busy to hear the answer, is one, however long it was. */
const openPart = 250;

/** `take` opens the disk and locks a session on it. */
export const createKeeper: Keep = (host, take, serverOf) => {
  let writer: Writer | null = null;
  let orphans: Orphans | null = null;
  let stay = (): void => undefined;
  let ended = false;
  let live = false;
  let server: string | undefined;
  let tellServer: (name: string | undefined) => void = () => undefined;
  const serverKnown = new Promise<string | undefined>((resolve) => {
    tellServer = resolve;
  });

  /** From here on it is as if there were no storage. What is there would go out a second time from a later page: it is forgotten. */
  const fail = (error: unknown): void => {
    if (ended) return;
    ended = true;
    writer?.abandon();
    orphans?.end();
    stay();
    host.dispatch({ type: 'storage-lost' });
    if (!host.tell({ type: 'failed', error }))
      host.logger.warn('roomful: the outbox is held in memory only, its storage failed', error);
  };

  async function open(): Promise<void> {
    const session = await take(serverKnown);
    const { row, disk, unlock } = session;
    let records: readonly unknown[] = [];
    try {
      if (!ended) records = await disk.messages(row.key);
    } catch (error) {
      unlock();
      throw error;
    }
    if (ended) return unlock();
    const { messages, orders, corrupt } = sorted(records);
    writer = createWriter(session, byRoom(messages), orders, {
      stored(written) {
        if (!ended)
          host.dispatch({ type: 'stored', records: written.map(({ room, id, seq }) => [room, id, seq]) });
      },
      failed: fail,
      after: host.clock.after,
    });
    orphans = createOrphans(
      disk,
      {
        key: row.key,
        wanted: () => ({ owner: whose()?.owner ?? row.owner, server }),
        written: writtenOut,
      },
      host,
      (its, orphan) => createKeeper(its, orphan, serverOf),
    );
    disk.lost(fail);
    stay = disk.leaving(writer.hurry);
    host.dispatch({
      type: 'restored',
      session: {
        key: row.key,
        instance: host.randomId(12),
        owner: row.owner,
        member: row.member,
        held: true,
      },
      messages,
    });
    host.tell({ type: 'restored', messages: messages.length });
    for (const record of corrupt) {
      const { id } = record as { readonly id?: unknown };
      if (typeof id === 'string') writer.forget(id);
      host.tell({ type: 'corrupt', record });
    }
    sync();
  }

  /** Whose the session is, once the server said. */
  const whose = (): { readonly owner: string | null; readonly member: string } | null => {
    const { self, session } = host.state();
    return self?.key === session.key ? { owner: self.user?.id ?? null, member: self.member } : null;
  };

  /** Resolves once what there is now is on disk. */
  async function writtenOut(): Promise<void> {
    sync();
    await writer?.idle();
  }

  function sync(): void {
    if (ended || !writer) return;
    const { rooms, connection } = host.state();
    // What a client gave up when it was closed for good stays for the next one.
    if (connection.status === 'closed') return release();
    writer.write(new Map(Array.from(rooms.values(), ({ id, outbox }) => [id, outbox.entries])));
    const mine = whose();
    if (mine) writer.own(mine.owner, mine.member, server);
    if (connection.status === 'live' && !live) orphans?.look();
    live = connection.status === 'live';
  }

  /** What this page wrote before the server said whose the session is. */
  function ownMessages(): readonly string[] {
    return whose()
      ? []
      : Array.from(host.state().rooms.values()).flatMap(({ outbox: { entries } }) =>
          Array.from(entries.values()).flatMap(({ id, promiseSettled: settled }) => (settled ? [] : id)),
        );
  }

  function release(isForeign = false): void {
    if (ended) return;
    ended = true;
    orphans?.end();
    stay();
    stopWaiting();
    if (isForeign) for (const id of ownMessages()) writer?.forget(id);
    writer?.end();
  }

  const stopWaiting = host.clock.after(addressTimeMs, () => {
    tellServer(undefined);
  });
  const known = (address: string): void => {
    server = serverOf(address);
    stopWaiting();
    tellServer(server);
  };
  // An attempt says it too, and may wait for its code or a token first: the session of the page before is taken at once.
  void (async () => known(String(typeof host.url === 'function' ? await host.url() : host.url)))().catch(
    () => undefined,
  );
  const opened = open().catch(fail);
  const late = new Promise<void>((resolve) => {
    let cancel: () => void = () => undefined;
    const wait = (left: number): void => {
      cancel = host.clock.after(openPart, () => {
        if (left > openPart) return wait(left - openPart);
        if (!writer) fail(new Error(`storage did not open within ${openTime} ms`));
        resolve();
      });
    };
    void serverKnown.then(() => {
      wait(openTime);
      void opened.then(() => {
        cancel();
      });
    });
  });
  const settled = Promise.race([opened, late]);
  return {
    ready(address) {
      known(address);
      return settled;
    },
    sync,
    release,
  };
};

function sorted(records: readonly unknown[]): {
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

function byRoom(messages: readonly Restored[]): Outbox {
  const rooms = new Map<string, Map<string, Restored['entry']>>();
  for (const { room, entry } of messages) {
    const entries = rooms.get(room);
    if (entries) entries.set(entry.id, entry);
    else rooms.set(room, new Map([[entry.id, entry]]));
  }
  return rooms;
}
