// Durable messages that this server is handling. Each is handled once, even if its connection ends meanwhile.
import { authorizeTimeoutMs } from '../access/authorize.js';
import type { Appended } from '../broker/broker.js';
import type { ServerPorts } from '../ports/ports.js';
import type { NotNow } from '../rooms/not-now.js';
import { compositeKey } from '../util/composite-key.js';
import type { MaybePromise } from '../util/maybe-promise.js';

/**
 * How a message ended. `unavailable` means that it is not settled: if the client sends it again, the server handles it
 * as a new message.
 */
export type MessageOutcome =
  | (Appended & { readonly result?: unknown })
  | { readonly status: 'unavailable'; readonly why: NotNow };

export interface MessageInProgress {
  readonly seq: number;
  readonly id: string;
  readonly outcome: Promise<MessageOutcome>;
}

/** The time that a handler has. */
export interface HandlerTerm {
  /** Aborts after {@link authorizeTimeoutMs}, or when the server closes. Made when a handler first reads it. */
  readonly signal: AbortSignal;
}

export interface MessagesInProgress {
  /** The message with this seq of a producer, whichever connection brought it. */
  find(producer: string, room: string, seq: number): MessageInProgress | undefined;
  /** The message of a producer that began last. */
  newest(producer: string, room: string): MessageInProgress | undefined;
  /** Tracks a message until its outcome is there. */
  track(producer: string, room: string, message: MessageInProgress): void;
  /** Calls a handler, and ends its term once it has returned. */
  runHandler<T>(call: (handlerTerm: HandlerTerm) => MaybePromise<T>): MaybePromise<T>;
  readonly isClosed: boolean;
  /** Aborts the signal of every handler that runs. */
  close(): void;
}

/** The messages of one producer in one room. */
interface ProducerMessages {
  readonly bySeq: Map<number, MessageInProgress>;
  newest: MessageInProgress;
}

/** The terms of the handlers that run. */
class HandlerTerms {
  private readonly clock: Pick<ServerPorts, 'now' | 'setTimer'>;
  private readonly controllers = new Set<AbortController>();
  isClosed = false;

  constructor(clock: Pick<ServerPorts, 'now' | 'setTimer'>) {
    this.clock = clock;
  }

  /** A term that begins now, and the function that ends it. */
  begin(): { readonly handlerTerm: HandlerTerm; readonly end: () => void } {
    const timeoutAt = this.clock.now() + authorizeTimeoutMs;
    let controller: AbortController | null = null;
    let cancelTimer = (): void => undefined;
    let isEnded = false;
    const makeController = (): AbortController => {
      const made = new AbortController();
      if (this.isClosed) made.abort();
      else if (!isEnded) {
        this.controllers.add(made);
        cancelTimer = this.clock.setTimer(timeoutAt - this.clock.now(), () => {
          made.abort();
        });
      }
      return made;
    };
    return {
      handlerTerm: {
        get signal() {
          return (controller ??= makeController()).signal;
        },
      },
      end: () => {
        isEnded = true;
        cancelTimer();
        if (controller) this.controllers.delete(controller);
      },
    };
  }

  close(): void {
    this.isClosed = true;
    for (const controller of this.controllers) controller.abort();
  }
}

export function createMessagesInProgress(
  clock: Pick<ServerPorts, 'now' | 'setTimer'>,
  failed: (error: unknown) => void,
): MessagesInProgress {
  const messagesByProducer = new Map<string, ProducerMessages>();
  const terms = new HandlerTerms(clock);

  const messagesOf = (producer: string, room: string): ProducerMessages | undefined =>
    messagesByProducer.size === 0 ? undefined : messagesByProducer.get(compositeKey(room, producer));

  function forgetMessage(key: string, messages: ProducerMessages, message: MessageInProgress): void {
    messages.bySeq.delete(message.seq);
    if (messages.bySeq.size === 0) messagesByProducer.delete(key);
    // Messages end in the order in which they began, unless one was tried again.
    else if (messages.newest === message)
      messages.newest = [...messages.bySeq.values()].at(-1) as MessageInProgress;
  }

  return {
    find: (producer, room, seq) => messagesOf(producer, room)?.bySeq.get(seq),
    newest: (producer, room) => messagesOf(producer, room)?.newest,
    track(producer, room, message) {
      const key = compositeKey(room, producer);
      let messages = messagesByProducer.get(key);
      if (!messages) messagesByProducer.set(key, (messages = { bySeq: new Map(), newest: message }));
      messages.bySeq.set(message.seq, message);
      messages.newest = message;
      const known = messages;
      const forget = (): void => {
        forgetMessage(key, known, message);
      };
      message.outcome.then(forget, (error) => {
        forget();
        // Reported here, and once: none, one or several connections may wait for the outcome.
        failed(error);
      });
    },
    runHandler(call) {
      const { handlerTerm, end } = terms.begin();
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
      return terms.isClosed;
    },
    close() {
      terms.close();
    },
  };
}
