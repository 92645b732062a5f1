// What happened in a world, as an app and an operator see it: no part of the machines is asked.

/** What a message carries: who said it, and the how manieth of theirs it is. */
export interface Said {
  readonly by: string;
  readonly n: number;
}

/** A message that a page sent, and what its promise said. */
export interface Sent extends Said {
  readonly room: string;
  readonly page: string;
  /** What the server's handler is to do with it. */
  readonly refuse: boolean;
  outcome:
    | { readonly epoch: string; readonly offset: number | null; readonly id: string }
    | { readonly code: string }
    | null;
}

/** What one page of one user saw of one room, in order. */
export type Seen =
  | {
      readonly type: 'message';
      readonly id: string;
      readonly offset: number;
      readonly said: Said;
      readonly at: number;
    }
  | {
      readonly type: 'reset';
      readonly why: string;
      readonly missing: readonly [from: number, to: number] | null;
      readonly at: number;
    }
  | { readonly type: 'acked-lost'; readonly count: number; readonly at: number };

export interface Page {
  readonly name: string;
  /** The user and tab that the page is one of: its messages are of one sender. */
  readonly by: string;
  readonly rooms: ReadonlyMap<string, readonly Seen[]>;
  /** When it was opened. */
  readonly since: number;
  /** Whether it was there to the end; otherwise it was closed or reloaded. */
  alive: boolean;
  /** What its outbox held on disk when it went, by who said it: nothing of it may be lost. */
  readonly left: readonly Said[];
  /** Connections it opened in the quiet at the end, when nothing is wrong any more. */
  reconnects: number;
  /** What its outbox still held at the end. */
  unsettled: number;
  status: { readonly connection: string; readonly rooms: ReadonlyMap<string, string> };
}

export interface Logged {
  readonly offset: number;
  readonly id: string;
  readonly said: Said;
  /** When it was written, where that is known. */
  readonly at?: number;
}

/** A life of a room's log: it ends when the log is lost or goes back in time. Offsets that a life begins with and the one before it had too are the same entries. */
export interface LogLife {
  readonly epoch: string;
  readonly entries: readonly Logged[];
}

export interface History {
  readonly sent: readonly Sent[];
  readonly pages: readonly Page[];
  /** By room, in the order in which they were. */
  readonly logs: ReadonlyMap<string, readonly LogLife[]>;
  /** How often the handler ran for a message in one life of the server, where it was more than once. */
  readonly handledAgain: readonly (Said & { readonly times: number })[];
  /** What was left when everything was closed. */
  readonly leaks: { readonly timers: number; readonly connections: number; readonly listeners: number };
  /** Errors that were thrown where nobody expects any. */
  readonly errors: readonly string[];
}
