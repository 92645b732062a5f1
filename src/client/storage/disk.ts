// The port to a disk: it holds sessions and their messages. One client at a time has the lock of a session.

/** A session on disk. */
export interface SessionRow {
  readonly key: string;
  /** The id of the session's user; null for an anonymous one; undefined while the client does not know. */
  readonly owner: string | null | undefined;
  /** The member id of the session. Another member id under the same key belongs to another user. */
  readonly member?: string | undefined;
  /**
   * The server that the messages are for: origin and path of its address, or the name that the app gave it; undefined
   * while the client does not know.
   */
  readonly server?: string | undefined;
  /** When a client last took the session, in ms. */
  readonly usedAt: number;
}

/** A session whose lock this client has. */
export interface HeldSession {
  readonly row: SessionRow;
  readonly disk: Disk;
  readonly unlock: () => void;
}

/** A message on disk. `order` is the order of the calls. `seq` is null until the message has one. */
export interface MessageRecord {
  readonly id: string;
  readonly order: number;
  readonly room: string;
  readonly type: string;
  readonly version: number;
  readonly data: unknown;
  readonly at: number;
  readonly expiresAt: number | null;
  readonly coalesce: string | null;
  readonly bytes: number;
  readonly seq: number | null;
  readonly failure: { readonly code: string; readonly message: string; readonly details?: unknown } | null;
}

export interface Disk {
  /**
   * Locks a session as long as this page lives. Returns a function that unlocks it, or null if another client has the
   * lock.
   */
  lock(key: string): Promise<(() => void) | null>;
  sessions(): Promise<readonly SessionRow[]>;
  /** Returns all records of a session, in any order. They are not checked. */
  messages(key: string): Promise<readonly unknown[]>;
  /** Writes everything in one atomic step. Steps take effect in the order in which they begin. */
  write(
    key: string,
    change: {
      readonly row?: SessionRow;
      readonly puts?: readonly MessageRecord[];
      readonly deletes?: readonly string[];
    },
  ): Promise<void>;
  /** Removes a session and its messages. */
  remove(key: string): Promise<void>;
  /** Calls `call` once if the disk becomes unusable. */
  lost(call: (error: unknown) => void): void;
  /**
   * Calls `call` when the page goes away. A step that begins then still takes effect. Returns a function that stops
   * it.
   */
  leaving(call: () => void): () => void;
}
