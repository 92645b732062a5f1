// A disk in memory, for tests, stories, and clients that follow one another in one page.
import type { Disk, MessageRecord, SessionRow } from './disk.js';
import type { OutboxStorage } from './port.js';
import { storageOn } from './storage-on.js';

/**
 * Keeps the outbox in memory as long as this object lives. Clients that you make with it one after the other behave
 * like a page that reloads. For an outbox that outlives the page use {@link indexedDBStorage}.
 *
 * @example
 * const storage = memoryStorage();
 * const client = createClient({ url, outbox: { storage } });
 */
export function memoryStorage(): OutboxStorage {
  const disk = memoryDisk();
  return storageOn(() => Promise.resolve(disk));
}

export function memoryDisk(): Disk {
  const rows = new Map<string, SessionRow>();
  const messages = new Map<string, Map<string, MessageRecord>>();
  const locks = new Set<string>();
  const recordsOf = (key: string): Map<string, MessageRecord> => {
    const known = messages.get(key) ?? new Map<string, MessageRecord>();
    messages.set(key, known);
    return known;
  };

  return {
    async lock(key) {
      if (locks.has(key)) return null;
      locks.add(key);
      return () => {
        locks.delete(key);
      };
    },
    sessions: async () => [...rows.values()],
    messages: async (key) => structuredClone([...(messages.get(key)?.values() ?? [])]),
    async write(key, { row, puts = [], deletes = [] }) {
      const copies = structuredClone(puts);
      if (row) rows.set(key, row);
      const records = recordsOf(key);
      for (const id of deletes) records.delete(id);
      for (const record of copies) records.set(record.id, record);
    },
    async remove(key) {
      rows.delete(key);
      messages.delete(key);
    },
    lost: () => undefined,
    leaving: () => () => undefined,
  };
}
