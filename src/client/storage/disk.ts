// What holds records: sessions, each locked by the one client that has it, and the messages of each.

/** A session on disk. */
export interface SessionRow {
  readonly key: string;
  /** The id of the user whose it is; null: nobody in particular; undefined: not known yet. */
  readonly owner: string | null | undefined;
  /** The member that the server made of it: another one under the same key is another user, whatever is shown of the two. */
  readonly member?: string | undefined;
  /** The server that its messages are for: origin and path of its address, or the name that the app gave it; undefined: not known yet. */
  readonly server?: string | undefined;
  /** When a client last took it, in ms. */
  readonly usedAt: number;
}

/** A session that is locked for us. */
export interface HeldSession {
  readonly row: SessionRow;
  readonly disk: Disk;
  readonly unlock: () => void;
}

/** A message on disk. Its `order` is that of the calls; `seq` is there once it has its number. */
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
  /** Locks a session for as long as this client lives, or null where another has it. What it returns unlocks. */
  lock(key: string): Promise<(() => void) | null>;
  sessions(): Promise<readonly SessionRow[]>;
  /** Everything under a session, in no order, whatever it is. */
  messages(key: string): Promise<readonly unknown[]>;
  /** One atomic step. Steps happen in the order in which they begin. */
  write(
    key: string,
    change: {
      readonly row?: SessionRow;
      readonly puts?: readonly MessageRecord[];
      readonly deletes?: readonly string[];
    },
  ): Promise<void>;
  /** Forgets a session and its messages. */
  remove(key: string): Promise<void>;
  /** Calls once if the disk is lost while in use. */
  lost(call: (error: unknown) => void): void;
  /** Calls as the page goes away: a step that has begun by then still happens. What it returns stops that. */
  leaving(call: () => void): () => void;
}
