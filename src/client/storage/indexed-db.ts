// A disk in IndexedDB, with Web Locks to say which tab has which session.
import type { Disk, MessageRecord, SessionRow } from './disk.js';
import type { OutboxStorage } from './port.js';
import { storageOn } from './storage-on.js';

export interface IndexedDBStorageOptions {
  /** The name of the database, and the beginning of the names of its locks: one for each server that an origin talks to. Default `'roomful'`. */
  readonly name?: string;
  /**
   * What the app calls its server. Messages that wait in the database are delivered to the server that they were written for,
   * and to no other; by default that is the one with the same origin and path. Give a name where one server has several
   * addresses, such as one for each region.
   */
  readonly server?: string;
}

/**
 * An outbox that survives a reload, a crash of its tab and a restart of the browser. Each tab owns a session of its own in it; what a closed tab left behind
 * is delivered by the next one, in order, under the old ids. Needs IndexedDB and Web Locks: where either is missing or fails, messages are held in memory, and
 * the client says so by a `storage` event. Records are written with relaxed durability: a crash of the operating system may lose those of the last seconds.
 */
export function indexedDBStorage({ name = 'roomful', server }: IndexedDBStorageOptions = {}): OutboxStorage {
  return storageOn(() => openDisk(name), server);
}

const sessions = 'sessions';
const messages = 'messages';
/** Records read in one stretch: copying them must not hold the page up. */
const page = 500;

const settled = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => {
      resolve(request.result);
    };
    request.onerror = () => {
      reject(request.error ?? new Error('the request failed'));
    };
  });

const finished = (transaction: IDBTransaction): Promise<void> =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = () => {
      resolve();
    };
    transaction.onabort = () => {
      reject(transaction.error ?? new Error('the transaction was aborted'));
    };
  });

async function openDatabase(name: string): Promise<IDBDatabase> {
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore(sessions, { keyPath: 'key' });
    request.result.createObjectStore(messages, { keyPath: ['session', 'id'] });
  };
  return settled(request);
}

export async function openDisk(name: string): Promise<Disk> {
  if (typeof indexedDB === 'undefined' || typeof navigator === 'undefined' || !('locks' in navigator))
    throw new Error('this browser has no IndexedDB or no Web Locks here');
  const database = await openDatabase(name);
  let lose: (error: unknown) => void = () => undefined;
  database.onversionchange = () => {
    // First, so that what is there can still be forgotten: a database closes behind the steps that have begun.
    lose(new Error('another version of the app took the database over'));
    database.close();
  };
  database.onclose = () => {
    lose(new Error('the browser closed the database'));
  };
  const whole = (key: string): IDBKeyRange => IDBKeyRange.bound([key], [key, []]);

  return {
    lock: (key) =>
      new Promise((resolve, reject) => {
        navigator.locks
          .request(`${name}:${key}`, { ifAvailable: true }, (lock) => {
            if (!lock) return resolve(null);
            // Held until the inner promise resolves, or the page is gone.
            return new Promise<void>((unlock) => {
              resolve(unlock);
            });
          })
          .catch(reject);
      }),
    sessions: () =>
      settled(database.transaction(sessions).objectStore(sessions).getAll() as IDBRequest<SessionRow[]>),
    async messages(key) {
      const found: unknown[] = [];
      let range = whole(key);
      for (;;) {
        const some = await settled(
          database.transaction(messages).objectStore(messages).getAll(range, page) as IDBRequest<
            (MessageRecord & { readonly session: string })[]
          >,
        );
        found.push(...some);
        const last = some.at(-1);
        if (!last || some.length < page) return found;
        range = IDBKeyRange.bound([key, last.id], [key, []], true);
      }
    },
    async write(key, { row, puts = [], deletes = [] }) {
      const transaction = database.transaction([sessions, messages], 'readwrite');
      const done = finished(transaction);
      try {
        const store = transaction.objectStore(messages);
        if (row) transaction.objectStore(sessions).put(row);
        for (const id of deletes) store.delete([key, id]);
        for (const record of puts) store.put({ ...record, session: key });
        // Nothing more comes: it need not wait for the page to have heard of each, and goes through although the page goes away.
        transaction.commit();
      } catch (error) {
        done.catch(() => undefined);
        transaction.abort();
        throw error;
      }
      await done;
    },
    async remove(key) {
      const from = async (it: IDBDatabase): Promise<void> => {
        const transaction = it.transaction([sessions, messages], 'readwrite');
        transaction.objectStore(sessions).delete(key);
        transaction.objectStore(messages).delete(whole(key));
        await finished(transaction);
      };
      try {
        await from(database);
      } catch {
        // The browser may have closed it.
        const anew = await openDatabase(name);
        await from(anew).finally(() => {
          anew.close();
        });
      }
    },
    lost(call) {
      lose = call;
    },
    leaving(call) {
      addEventListener('pagehide', call);
      return () => {
        removeEventListener('pagehide', call);
      };
    },
  };
}
