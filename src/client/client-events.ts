// The events of a client, and the listeners that the app has added to them.
import { RealtimeError } from '../protocol/error.js';
import type { Logger } from './edge/logger.js';
import type { ConnectionState } from './machine/view/view.js';
import type { StorageEvent } from './storage/port.js';

/** The events of a client, and what a listener of each is called with. */
export interface ClientEvents {
  /** The connection's public state changed. */
  connection: (state: ConnectionState, before: ConnectionState) => void;
  /**
   * Something failed that rejects no promise: the server sent a frame that the client cannot read, a `url` or `token`
   * function failed, or a message handler threw. `room` is null for a failure of the connection. Without a listener,
   * the client writes the error to its logger.
   */
  error: (error: RealtimeError, room: string | null) => void;
  /**
   * The messages of a room start anew. `missing` has the first and the last offset that the client did not see, or is
   * null where it does not know them.
   */
  reset: (event: {
    readonly room: string;
    readonly why: string;
    readonly missing: readonly [from: number, to: number] | null;
  }) => void;
  /** The outbox's storage opened, failed, or found messages of another page. */
  storage: (event: StorageEvent) => void;
  /**
   * The server's log lost messages that it had acknowledged, and the client does not hold all of them any more.
   * `count` says how many. After a reload, it also counts messages of the page before, even those that were just sent
   * again.
   */
  'acked-lost': (event: { readonly room: string; readonly count: number }) => void;
}

export interface Listeners {
  /** Adds a listener. Returns a function that removes it. */
  on<E extends keyof ClientEvents>(event: E, listener: ClientEvents[E]): () => void;
  /** Calls the listeners of an event. Returns whether there was one. */
  emit<E extends keyof ClientEvents>(event: E, ...values: Parameters<ClientEvents[E]>): boolean;
  /** Emits an `error`, or logs it where it has no listener. */
  report(error: RealtimeError, room?: string | null): void;
}

export function createListeners(logger: Logger): Listeners {
  const listeners = new Map<string, Set<(...values: never[]) => void>>();
  const emit: Listeners['emit'] = (event, ...values) => {
    const added = Array.from(listeners.get(event) ?? []);
    for (const listener of added) {
      try {
        (listener as (...values: unknown[]) => void)(...values);
      } catch (error) {
        logger.error(`a listener of '${event}' threw`, error);
      }
    }
    return added.length > 0;
  };
  return {
    on(event, listener) {
      const added = listeners.get(event) ?? new Set();
      listeners.set(event, added.add(listener));
      return () => {
        added.delete(listener);
      };
    },
    emit,
    report(error, room = null) {
      if (!emit('error', error, room))
        logger.warn(`roomful${room ? ` room '${room}'` : ''}: ${error.code}: ${error.message}`);
    },
  };
}
