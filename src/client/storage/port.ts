// Where an outbox outlives its page, as the client sees it. What implements it is imported by apps that want it, and weighs nothing on others.
import type { HeldSession } from './disk.js';
import type { Wanted } from './session-lock.js';
import type { Clock } from '../edge/clock.js';
import type { Logger } from '../edge/logger.js';
import type { Event } from '../machine/model/events.js';
import type { State } from '../machine/model/state.js';

/** What became of the outbox's storage. */
export type StorageEvent =
  /** It is open, and gave back this many messages of an earlier page. */
  | { readonly type: 'restored'; readonly messages: number }
  /** Messages that a page left behind, which is gone, are delivered beside our own. */
  | { readonly type: 'adopted'; readonly messages: number }
  /** What a page left behind could not be delivered now. It stays on disk, and is looked for again. */
  | { readonly type: 'not-adopted'; readonly error: unknown }
  /** A record that is none was found; it is removed where it has an id. */
  | { readonly type: 'corrupt'; readonly record: unknown }
  /** It cannot be used: from now on messages are held in memory only, and what is on disk of this page's is forgotten, so that a later page does not send it again. Nothing that waits is lost while the page lives. */
  | { readonly type: 'failed'; readonly error: unknown };

/** What storage needs of the client that it serves. */
export interface StorageHost {
  /** The address, as the client's options give it. */
  readonly url: string | (() => string | Promise<string>);
  readonly clock: Clock;
  readonly randomId: (characters: number) => string;
  readonly dispatch: (event: Event) => void;
  readonly state: () => State;
  /** Tells the app. Whether it listens. */
  readonly tell: (event: StorageEvent) => boolean;
  readonly logger: Logger;
  /** A second client like this one, on other storage: it delivers what a page left behind under that page's own session. */
  readonly spawn: (storage: OutboxStorage) => Courier;
}

/** As much of a client as whoever spawned it needs. */
export interface Courier {
  connect(): void;
  close(): void;
}

/** Storage at work for one client. */
export interface Keeper {
  /** Says where the client connects to, by its whole address. Resolves once the client knows its session, within seconds, and never rejects. */
  ready(address: string): Promise<void>;
  /** Writes what changed. Called after each turn of changes. */
  sync(): void;
  /** Lets another client have the session, and what waits in it. `isForeign`: it is another user's, and what this page wrote before it knew is taken out. */
  release(isForeign?: boolean): void;
}

/** Takes a session, once it is known for which server, or that it is not known for now. */
export type Take = (server: Promise<string | undefined>) => Promise<HeldSession>;

/** Puts storage to work, once `take` has a session. `serverOf`: the server at an address. */
export type Keep = (host: StorageHost, take: Take, serverOf: (address: string) => string) => Keeper;

export interface OutboxStorage {
  /** Serves a client. */
  attach(host: StorageHost, wanted: Wanted): Keeper;
}
