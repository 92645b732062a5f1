// Durable messages that are at work on this server: each is handled once, whatever becomes of the connection that brought it.
import { authorizeTimeoutMs } from '../access/authorize.js';
import type { NotNow } from '../rooms/not-now.js';
import type { Appended } from '../broker/broker.js';
import type { ServerPorts } from '../ports/ports.js';
import type { MaybePromise } from '../util/maybe-promise.js';
import { compositeKey } from '../util/composite-key.js';

/** What became of a message. `unavailable`: nothing yet, it may come again and is then handled as if for the first time. */
export type MessageOutcome =
  | (Appended & { readonly result?: unknown })
  | { readonly status: 'unavailable'; readonly why: NotNow };

export interface MessageInProgress {
  readonly seq: number;
  readonly id: string;
  readonly outcome: Promise<MessageOutcome>;
}

/** The time a handler has. */
export interface HandlerTerm {
  /** Aborts when {@link authorizeTimeoutMs} is over or the server closes. Made when it is first looked at: most never are. */
  readonly signal: AbortSignal;
}

export interface MessagesInProgress {
  /** What is at work of this number of a producer in a room, whichever connection brought it. */
  find(producer: string, room: string, seq: number): MessageInProgress | undefined;
  /** What came last of all that is at work. */
  newest(producer: string, room: string): MessageInProgress | undefined;
  /** Keeps a handling until its outcome is there. */
  track(producer: string, room: string, message: MessageInProgress): void;
  runHandler<T>(call: (handlerTerm: HandlerTerm) => MaybePromise<T>): MaybePromise<T>;
  readonly isClosed: boolean;
  /** Aborts the signal of whatever is at work. */
  close(): void;
}

export function createMessagesInProgress(
  { now, setTimer }: Pick<ServerPorts, 'now' | 'setTimer'>,
  failed: (error: unknown) => void,
): MessagesInProgress {
  const messagesByProducer = new Map<
    string,
    { readonly all: Map<number, MessageInProgress>; newest: MessageInProgress }
  >();
  const controllers = new Set<AbortController>();
  let isClosed = false;

  return {
    find: (producer, room, seq) =>
      messagesByProducer.size === 0
        ? undefined
        : messagesByProducer.get(compositeKey(room, producer))?.all.get(seq),
    newest: (producer, room) =>
      messagesByProducer.size === 0
        ? undefined
        : messagesByProducer.get(compositeKey(room, producer))?.newest,
    track(producer, room, message) {
      const key = compositeKey(room, producer);
      const ofProducer = messagesByProducer.get(key) ?? {
        all: new Map<number, MessageInProgress>(),
        newest: message,
      };
      messagesByProducer.set(key, ofProducer);
      ofProducer.all.set(message.seq, message);
      ofProducer.newest = message;
      const forget = (): void => {
        ofProducer.all.delete(message.seq);
        if (ofProducer.all.size === 0) messagesByProducer.delete(key);
        // They end in order, but where one was tried again.
        else if (ofProducer.newest === message)
          ofProducer.newest = [...ofProducer.all.values()].at(-1) as MessageInProgress;
      };
      message.outcome.then(forget, (error) => {
        forget();
        // Here and once: there may be nobody who waits for it, or several.
        failed(error);
      });
    },
    runHandler(call) {
      const timeoutAt = now() + authorizeTimeoutMs;
      let controller: AbortController | null = null;
      let cancel = (): void => undefined;
      let isEnded = false;
      const end = (): void => {
        isEnded = true;
        cancel();
        if (controller) controllers.delete(controller);
      };
      const handlerTerm: HandlerTerm = {
        get signal() {
          if (!controller) {
            const newController = new AbortController();
            controller = newController;
            if (isClosed) newController.abort();
            else if (!isEnded) {
              controllers.add(newController);
              cancel = setTimer(timeoutAt - now(), () => {
                newController.abort();
              });
            }
          }
          return controller.signal;
        },
      };
      try {
        const running = call(handlerTerm);
        if (running instanceof Promise) running.then(end, end);
        else end();
        return running;
      } catch (error) {
        end();
        throw error;
      }
    },
    get isClosed() {
      return isClosed;
    },
    close() {
      isClosed = true;
      for (const controller of controllers) controller.abort();
    },
  };
}
