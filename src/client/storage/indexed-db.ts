// A disk in IndexedDB. Web Locks tell which tab has which session.
import type { Disk, MessageRecord, SessionRow } from './disk.js';
import type { OutboxStorage } from './port.js';
import { storageOn } from './storage-on.js';

export interface IndexedDBStorageOptions {
  /**
   * The name of the database. The names of its locks begin with it.
   *
   * @default 'roomful'
   */
  readonly name?: string;
  /**
   * The app's name for its server. Messages in the database are delivered to the server that they were sent to, and
   * to no other. Give a name if one server has several addresses, such as one for each region.
   *
   * @default origin and path of the server's address
   */
  readonly server?: string;
}

/**
 * Keeps the outbox in IndexedDB, so that it survives a reload, a crash of its tab and a restart of the browser. Each
 * tab has a session of its own. The messages of a closed tab are delivered by the next tab, in order and with their
 * ids.
 *
 * It needs IndexedDB and Web Locks. If one of them is missing or fails, messages are held in memory, and the client
 * emits `storage` with `type: 'failed'`. A crash of the operating system may lose the records of the last seconds.
 *
 * @example
 * const client = createClient({ url, outbox: { storage: indexedDBStorage() } });
 */
export function indexedDBStorage({ name = 'roomful', server }: IndexedDBStorageOptions = {}): OutboxStorage {
  return storageOn(() => openDisk(name), server);
}

const sessions = 'sessions';
const messages = 'messages';
/** Records in one read. The page is held up for no longer than it takes to copy them. */
const maxReadRecords = 500;

/** Resolves with the result of a request. */
const resultOf = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => {
      resolve(request.result);
    };
    request.onerror = () => {
      reject(request.error ?? new Error('a request to IndexedDB failed'));
    };
  });

/** Resolves once a transaction is complete. */
const completionOf = (transaction: IDBTransaction): Promise<void> =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = () => {
      resolve();
    };
    transaction.onabort = () => {
      reject(transaction.error ?? new Error('a transaction of IndexedDB was aborted'));
    };
  });

async function openDatabase(name: string): Promise<IDBDatabase> {
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore(sessions, { keyPath: 'key' });
    request.result.createObjectStore(messages, { keyPath: ['session', 'id'] });
  };
  return resultOf(request);
}

/** The range of all messages of a session. */
const rangeOf = (key: string): IDBKeyRange => IDBKeyRange.bound([key], [key, []]);

const lock = (name: string): Promise<(() => void) | null> =>
  new Promise((resolve, reject) => {
    navigator.locks
      .request(name, { ifAvailable: true }, (held) => {
        if (!held) return resolve(null);
        // The browser holds the lock until this promise resolves, or the page is gone.
        return new Promise<void>((unlock) => {
          resolve(unlock);
        });
      })
      .catch(reject);
  });

async function readMessages(database: IDBDatabase, key: string): Promise<readonly unknown[]> {
  const found: unknown[] = [];
  let range = rangeOf(key);
  for (;;) {
    const store = database.transaction(messages).objectStore(messages);
    const records = await resultOf(store.getAll(range, maxReadRecords) as IDBRequest<MessageRecord[]>);
    found.push(...records);
    const last = records.at(-1);
    if (!last || records.length < maxReadRecords) return found;
    range = IDBKeyRange.bound([key, last.id], [key, []], true);
  }
}

async function write(
  database: IDBDatabase,
  key: string,
  { row, puts = [], deletes = [] }: Parameters<Disk['write']>[1],
): Promise<void> {
  const transaction = database.transaction([sessions, messages], 'readwrite');
  const completion = completionOf(transaction);
  try {
    const store = transaction.objectStore(messages);
    if (row) transaction.objectStore(sessions).put(row);
    for (const id of deletes) store.delete([key, id]);
    for (const record of puts) store.put({ ...record, session: key });
    // With an explicit commit the step takes effect even if the page goes away before its requests are answered.
    transaction.commit();
  } catch (error) {
    completion.catch(() => undefined);
    transaction.abort();
    throw error;
  }
  await completion;
}

async function remove(database: IDBDatabase, key: string): Promise<void> {
  const transaction = database.transaction([sessions, messages], 'readwrite');
  transaction.objectStore(sessions).delete(key);
  transaction.objectStore(messages).delete(rangeOf(key));
  await completionOf(transaction);
}

export async function openDisk(name: string): Promise<Disk> {
  if (typeof indexedDB === 'undefined' || typeof navigator === 'undefined' || !('locks' in navigator))
    throw new Error('IndexedDB or Web Locks are missing here: use https');
  const database = await openDatabase(name);
  let onLost: (error: unknown) => void = () => undefined;
  database.onversionchange = () => {
    // The keeper still removes the session: a database closes after the steps that have begun.
    onLost(new Error('another version of the app needs the database'));
    database.close();
  };
  database.onclose = () => {
    onLost(new Error('the browser closed the database'));
  };

  return {
    lock: (key) => lock(`${name}:${key}`),
    sessions: () =>
      resultOf(database.transaction(sessions).objectStore(sessions).getAll() as IDBRequest<SessionRow[]>),
    messages: (key) => readMessages(database, key),
    write: (key, change) => write(database, key, change),
    async remove(key) {
      try {
        await remove(database, key);
      } catch {
        // The browser may have closed the database.
        const reopened = await openDatabase(name);
        await remove(reopened, key).finally(() => {
          reopened.close();
        });
      }
    },
    lost(call) {
      onLost = call;
    },
    leaving(call) {
      addEventListener('pagehide', call);
      return () => {
        removeEventListener('pagehide', call);
      };
    },
  };
}
