// Who is told of which message of a room. Those who want the messages about one thing only are found by it: a thousand of them cost a message no more than one.
import type { Message } from './machine/model/message.js';

export type Handler = (message: Message) => void;

/** Values that a message's data must have in these fields. */
export type Where = Readonly<Record<string, unknown>>;

interface Subscriber {
  readonly handler: Handler;
  /** What must be so besides the field that it is found by. */
  readonly besides: readonly (readonly [field: string, value: unknown])[];
}

/** Who is told, as of now: made when it is needed, so that who comes or goes meanwhile changes nothing. */
interface Audience {
  readonly all: Set<Subscriber>;
  now: readonly Subscriber[] | null;
}

export interface Handlers {
  add(type: string, handler: Handler, where: Where): () => void;
  deliver(message: Message, failed: (error: unknown) => void): void;
}

function made<K, V>(map: Map<K, V>, key: K, empty: () => V): V {
  const there = map.get(key) ?? empty();
  map.set(key, there);
  return there;
}

function fits({ besides }: Subscriber, data: Where | null | undefined): boolean {
  for (const [field, value] of besides) if (!Object.is(data?.[field], value)) return false;
  return true;
}

export function createHandlers(): Handlers {
  /** By type, then by the first field that is asked for, null where none is, then by its value. */
  const types = new Map<string, Map<string | null, Map<unknown, Audience>>>();

  return {
    add(type, handler, where) {
      const [[field, value] = [null, undefined], ...besides] = Object.entries(where);
      const values = made(
        made(types, type, () => new Map()),
        field,
        () => new Map<unknown, Audience>(),
      );
      const audience = made(values, value, (): Audience => ({ all: new Set(), now: null }));
      const subscriber: Subscriber = { handler, besides };
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
      const due: (readonly Subscriber[])[] = [];
      for (const [field, values] of types.get(message.type) ?? []) {
        const audience = values.get(field === null ? undefined : data?.[field]);
        if (audience) due.push((audience.now ??= Array.from(audience.all)));
      }
      for (const subscribers of due) {
        for (const subscriber of subscribers) {
          if (!fits(subscriber, data)) continue;
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
