// The port to a storage of the outbox. Only apps that use a storage import an implementation.
import type { HeldSession } from './disk.js';
import type { Wanted } from './session-lock.js';
import type { Clock } from '../edge/clock.js';
import type { Logger } from '../edge/logger.js';
import type { Event } from '../machine/model/events.js';
import type { State } from '../machine/model/state.js';

/** What happened to the outbox's storage. */
export type StorageEvent =
  /** The storage is open. It held this number of messages of an earlier page. */
  | { readonly type: 'restored'; readonly messages: number }
  /** The client delivers messages of a page that was closed. */
  | { readonly type: 'adopted'; readonly messages: number }
  /** The messages of a closed page could not be delivered now. They stay on disk, and the client tries again. */
  | { readonly type: 'not-adopted'; readonly error: unknown }
  /** The storage held something that is not a record. It is removed, if it has an id. */
  | { readonly type: 'corrupt'; readonly record: unknown }
  /**
   * The storage cannot be used. From now on messages are held in memory only, and none is lost while the page lives.
   * The records of this page are removed, so that a later page does not send them again.
   */
  | { readonly type: 'failed'; readonly error: unknown };

/** The client of a storage. */
export interface StorageHost {
  /** The option `url` of the client. */
  readonly url: string | (() => string | Promise<string>);
  readonly clock: Clock;
  readonly randomId: (characters: number) => string;
  readonly dispatch: (event: Event) => void;
  readonly state: () => State;
  /** Emits an event to the app. Returns true if the app listens. */
  readonly tell: (event: StorageEvent) => boolean;
  readonly logger: Logger;
  /**
   * Makes a second client like this one with another storage. It delivers the messages of a closed page under that
   * page's session.
   */
  readonly spawn: (storage: OutboxStorage) => Courier;
}

/** A client that delivers the messages of a closed page. */
export interface Courier {
  connect(): void;
  close(): void;
}

/** A storage at work for one client. */
export interface Keeper {
  /**
   * Names the server's whole address. Resolves within seconds, once the client knows its session, and never rejects.
   */
  ready(address: string): Promise<void>;
  /** Writes what changed. The client calls it after each turn of the event loop with changes. */
  sync(): void;
  /**
   * Lets another client have the session and its messages. With `isForeign` the session is another user's: the messages
   * that this page sent before it knew are removed from it.
   */
  release(isForeign?: boolean): void;
}

/** Takes a session, once the promise has named the server, or has resolved with undefined. */
export type Take = (server: Promise<string | undefined>) => Promise<HeldSession>;

/** Starts a storage with the session that `take` returns. `serverOf` names the server of an address. */
export type Keep = (host: StorageHost, take: Take, serverOf: (address: string) => string) => Keeper;

/** A storage for the `outbox` of a client: see `indexedDBStorage` and `memoryStorage` of `roomful/storage`. */
export interface OutboxStorage {
  /** Starts to work for a client. The client calls it. */
  attach(host: StorageHost, wanted: Wanted): Keeper;
}
