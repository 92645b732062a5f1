// `roomful/storage`: storages for an outbox that outlives its page.
export { indexedDBStorage, type IndexedDBStorageOptions } from './indexed-db.js';
export { memoryStorage } from './memory.js';
export type { OutboxStorage, StorageEvent } from './port.js';
