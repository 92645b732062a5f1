// Finds the handlers of a message in a room. A handler that asks for one value of a field is found by that value, so
// that a thousand of them cost a message no more than one.
import type { Message } from '../machine/model/message.js';

export type Handler = (message: Message) => void;

/** Values that a message's data must have in these fields. */
export type Where = Readonly<Record<string, unknown>>;

interface Subscriber {
  readonly handler: Handler;
  /** Values of the fields other than the one that the subscriber is found by. */
  readonly otherFields: readonly (readonly [field: string, value: unknown])[];
}

interface Audience {
  readonly all: Set<Subscriber>;
  /** A copy of `all`, made at a delivery: a handler that is added or removed during it changes nothing. */
  now: readonly Subscriber[] | null;
}

export interface MessageListeners {
  /** Returns a function that removes the handler. */
  add(type: string, handler: Handler, where: Where): () => void;
  /** Calls each handler of a message, and `failed` for each that throws. */
  deliver(message: Message, failed: (error: unknown) => void): void;
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, create: () => V): V {
  const value = map.get(key) ?? create();
  map.set(key, value);
  return value;
}

function hasValues({ otherFields }: Subscriber, data: Where | null | undefined): boolean {
  for (const [field, value] of otherFields) if (!Object.is(data?.[field], value)) return false;
  return true;
}

export function createMessageListeners(): MessageListeners {
  /** By type, then by the first field of `where` (null if it has none), then by the value of that field. */
  const audiences = new Map<string, Map<string | null, Map<unknown, Audience>>>();

  return {
    add(type, handler, where) {
      const [[field, value] = [null, undefined], ...otherFields] = Object.entries(where);
      const values = getOrAdd(
        getOrAdd(audiences, type, () => new Map()),
        field,
        () => new Map<unknown, Audience>(),
      );
      const audience = getOrAdd(values, value, (): Audience => ({ all: new Set(), now: null }));
      const subscriber: Subscriber = { handler, otherFields };
      audience.all.add(subscriber);
      audience.now = null;
      return () => {
        audience.all.delete(subscriber);
        audience.now = null;
        if (audience.all.size === 0 && values.get(value) === audience) values.delete(value);
      };
    },
    deliver(message, failed) {
      const data = message.data as Where | null | undefined;
      const found: (readonly Subscriber[])[] = [];
      for (const [field, values] of audiences.get(message.type) ?? []) {
        const audience = values.get(field === null ? undefined : data?.[field]);
        if (audience) found.push((audience.now ??= Array.from(audience.all)));
      }
      for (const subscribers of found) {
        for (const subscriber of subscribers) {
          if (!hasValues(subscriber, data)) continue;
          try {
            subscriber.handler(message);
          } catch (error) {
            failed(error);
          }
        }
      }
    },
  };
}
