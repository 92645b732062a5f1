// Durable messages that are at work on this server: each is handled once, whatever becomes of the connection that brought it.
import { authorizeTimeoutMs } from '../access/authorize.js';
import type { NotNow } from '../rooms/not-now.js';
import type { Appended } from '../broker/broker.js';
import type { ServerPorts } from '../ports/ports.js';
import type { MaybePromise } from '../util/maybe-promise.js';

/** What became of a message. `unavailable`: nothing yet, it may come again and is then handled as if for the first time. */
export type Outcome =
  | (Appended & { readonly result?: unknown })
  | { readonly status: 'unavailable'; readonly why: NotNow };

export interface Handling {
  readonly seq: number;
  readonly id: string;
  readonly outcome: Promise<Outcome>;
}

/** The time a handler has. */
export interface Term {
  /** Aborts when {@link authorizeTimeoutMs} is over or the server closes. Made when it is first looked at: most never are. */
  readonly signal: AbortSignal;
}

export interface Handlings {
  /** What is at work of this number of a producer in a room, whichever connection brought it. */
  find(producer: string, room: string, seq: number): Handling | undefined;
  /** What came last of all that is at work. */
  newest(producer: string, room: string): Handling | undefined;
  /** Keeps a handling until its outcome is there. */
  keep(producer: string, room: string, handling: Handling): void;
  run<T>(call: (term: Term) => MaybePromise<T>): MaybePromise<T>;
  readonly closed: boolean;
  /** Aborts the signal of whatever is at work. */
  close(): void;
}

const keyOf = (producer: string, room: string): string => `${room}\n${producer}`;

export function createHandlings(
  { now, after }: Pick<ServerPorts, 'now' | 'after'>,
  failed: (error: unknown) => void,
): Handlings {
  const handlings = new Map<string, { readonly all: Map<number, Handling>; newest: Handling }>();
  const controllers = new Set<AbortController>();
  let closed = false;

  return {
    find: (producer, room, seq) =>
      handlings.size === 0 ? undefined : handlings.get(keyOf(producer, room))?.all.get(seq),
    newest: (producer, room) =>
      handlings.size === 0 ? undefined : handlings.get(keyOf(producer, room))?.newest,
    keep(producer, room, handling) {
      const key = keyOf(producer, room);
      const here = handlings.get(key) ?? { all: new Map<number, Handling>(), newest: handling };
      handlings.set(key, here);
      here.all.set(handling.seq, handling);
      here.newest = handling;
      const forget = (): void => {
        here.all.delete(handling.seq);
        if (here.all.size === 0) handlings.delete(key);
        // They end in order, but where one was tried again.
        else if (here.newest === handling) here.newest = [...here.all.values()].at(-1) as Handling;
      };
      handling.outcome.then(forget, (error) => {
        forget();
        // Here and once: there may be nobody who waits for it, or several.
        failed(error);
      });
    },
    run(call) {
      const until = now() + authorizeTimeoutMs;
      let controller: AbortController | null = null;
      let cancel = (): void => undefined;
      let ended = false;
      const end = (): void => {
        ended = true;
        cancel();
        if (controller) controllers.delete(controller);
      };
      const term: Term = {
        get signal() {
          if (!controller) {
            const made = new AbortController();
            controller = made;
            if (closed) made.abort();
            else if (!ended) {
              controllers.add(made);
              cancel = after(until - now(), () => {
                made.abort();
              });
            }
          }
          return controller.signal;
        },
      };
      try {
        const running = call(term);
        if (running instanceof Promise) running.then(end, end);
        else end();
        return running;
      } catch (error) {
        end();
        throw error;
      }
    },
    get closed() {
      return closed;
    },
    close() {
      closed = true;
      for (const controller of controllers) controller.abort();
    },
  };
}
