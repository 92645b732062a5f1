// Events of a connection, held back until the broker is put together.
import type { RedisEvents } from './port.js';

export interface EventRelay {
  /** The events to give to a connection. */
  readonly events: RedisEvents;
  /** Delivers the events that were held back, in order, and from now on each event at once. */
  open(handlers: RedisEvents): void;
}

/**
 * Makes a relay. A client may report that it is ready while the broker is still being made, when the parts that the
 * event is for do not exist yet.
 */
export function createEventRelay(): EventRelay {
  let handlers: RedisEvents | null = null;
  const heldEvents: ((handlers: RedisEvents) => void)[] = [];
  const deliver = (event: (handlers: RedisEvents) => void): void => {
    if (handlers) event(handlers);
    else heldEvents.push(event);
  };
  return {
    events: {
      onMessage(channel, text) {
        // Direct: each message of every room takes this way.
        if (handlers) handlers.onMessage(channel, text);
        else heldEvents.push(({ onMessage }) => onMessage(channel, text));
      },
      onReady() {
        deliver(({ onReady }) => onReady());
      },
      onLost() {
        deliver(({ onLost }) => onLost());
      },
      onListening() {
        deliver(({ onListening }) => onListening());
      },
    },
    open(newHandlers) {
      handlers = newHandlers;
      for (const event of heldEvents.splice(0)) event(newHandlers);
    },
  };
}
