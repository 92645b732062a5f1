// Remembers which messages of a room's log the app's handlers were told of. A log that was lost gets messages again
// from their senders, and the handlers are told of each message once.
import type { Message } from '../machine/model/message.js';

/** Messages of a room that are remembered at least: more than its senders hold for a log that lost them. */
const minRemembered = 10_000;

/** Returns a function that says whether handlers have to be told of a message. It says so once for each message. */
export function createToldMessages(): (message: Message) => boolean {
  // Senders by the id of their message, in two generations. A map that gives up its oldest key for each new one would
  // be slow: V8 looks for the oldest past all keys that were deleted.
  let newer = new Map<string, string>();
  let older = newer;
  const isNew = (key: string, sender: string): boolean => {
    const known = newer.get(key) ?? older.get(key);
    if (known === sender) return false;
    // Another sender has chosen the same id: the two together name a message for good.
    if (known !== undefined) return isNew(`${key} ${sender}`, sender);
    if (newer.size >= minRemembered) {
      older = newer;
      newer = new Map();
    }
    newer.set(key, sender);
    return true;
  };
  return ({ id, offset, sender }) => {
    const isBroadcast = offset === null;
    return isBroadcast || isNew(id, sender?.id ?? '');
  };
}
