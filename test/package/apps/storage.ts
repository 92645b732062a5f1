// An outbox that outlives its page, and nothing of the client that it serves.
import { indexedDBStorage, memoryStorage, type OutboxStorage, type StorageEvent } from 'roomful/storage';

export const storages: readonly OutboxStorage[] = [indexedDBStorage({ name: 'app' }), memoryStorage()];
export const isLost = (event: StorageEvent): boolean => event.type === 'failed';
