// Which messages of a room's log a page has told its handlers of, so that a log that begins anew and gets them again does not have them told twice.
import type { Message } from './machine/state.js';

/** Messages remembered of each room: more than a sender holds for a log that lost them. */
const mostMessages = 10_000;
/** Rooms of which something is remembered. */
const mostRooms = 256;

/** Senders by the ids of their messages: an id is its sender's own choice. */
type Senders = Map<string, string | undefined>;

function put<V>(map: Map<string, V>, key: string, value: V, most: number): void {
  map.set(key, value);
  if (map.size > most) map.delete(map.keys().next().value as string);
}

export interface Told {
  /** Whether handlers have to be told of a message; from now on they have been. */
  isNew(message: Message): boolean;
  /** The room's log begins anew: what was told of until now may come again. */
  reset(room: string): void;
}

export function createTold(): Told {
  const rooms = new Map<string, { readonly before: Senders; now: Senders }>();
  return {
    isNew({ room, id, sender }) {
      let known = rooms.get(room);
      if (!known) put(rooms, room, (known = { before: new Map(), now: new Map() }), mostRooms);
      const { before, now } = known;
      if (before.has(id) && before.get(id) === sender?.id) return false;
      put(now, id, sender?.id, mostMessages);
      return true;
    },
    reset(room) {
      const known = rooms.get(room);
      if (!known) return;
      for (const [id, sender] of known.now) put(known.before, id, sender, mostMessages);
      known.now = new Map();
    },
  };
}
