// Which messages of a room's log its handlers were told of, so that a log that is lost and gets them again does not have them told twice.
import type { Message } from './machine/model/state.js';

/** Messages remembered of a room: more than its senders hold for a log that lost them. */
const mostMessages = 10_000;

/** Says of each message whether handlers have to be told of it. From then on they have been. */
export function createTold(): (message: Message) => boolean {
  /** By sender and id, which name a message for good; the oldest first. */
  const keys = new Set<string>();
  return ({ id, offset, sender }) => {
    // A broadcast stands in no log.
    if (offset === null) return true;
    const key = `${id} ${sender?.id}`;
    if (keys.has(key)) return false;
    keys.add(key);
    if (keys.size > mostMessages) keys.delete(keys.values().next().value as string);
    return true;
  };
}
