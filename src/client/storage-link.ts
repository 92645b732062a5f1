// Attaches the outbox's storage to a client, and releases it.
import type { ClientOptions } from './options.js';
import type { Keeper, StorageHost } from './storage/port.js';

export interface StorageLink {
  /** Opens the storage, if it is not open, for a client that is about to connect. */
  open(): void;
  /** Says where the client connects to. Resolves once the client knows its session. */
  ready(address: string): Promise<void> | undefined;
  /** Writes what changed in the outbox. */
  sync(): void;
  /** Lets another client have the session and its messages. */
  release(): void;
  /** The session on disk turned out to be another user's: takes another one, for `user`. */
  disown(user: string | null): void;
}

export function createStorageLink(host: StorageHost, outbox: ClientOptions['outbox'] = {}): StorageLink {
  const { storage, user } = outbox;
  /** Keys of sessions that turned out to be another user's. */
  const foreign = new Set<string>();
  let keeper: Keeper | undefined;
  return {
    open() {
      keeper?.release();
      keeper = storage?.attach(host, { owner: user?.(), foreign });
    },
    ready: (address) => keeper?.ready(address),
    sync() {
      keeper?.sync();
    },
    release() {
      keeper?.release();
    },
    disown(owner) {
      keeper?.release(true);
      foreign.add(host.state().session.key);
      keeper = storage?.attach(host, { owner, foreign });
      host.dispatch({ type: 'disowned' });
    },
  };
}
