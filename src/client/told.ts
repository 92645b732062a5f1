// Which messages of a log a page has told its handlers of, so that a log that begins anew and gets them again does not have them told twice.
import type { Message } from './machine/state.js';

/** Messages remembered, all rooms together: ten times what one sender holds for a log that lost them. */
const mostMessages = 10_000;

export interface Told {
  /** Whether handlers have to be told of a message; from now on they have been. */
  isNew(message: Message): boolean;
  /** The room's log begins anew: what was told of until now may come again. */
  reset(room: string): void;
}

export function createTold(): Told {
  /** How often the log of a room began anew. */
  const lives = new Map<string, number>();
  /** In which of these lives a message was told of, oldest first. */
  const messages = new Map<string, number>();
  return {
    isNew({ room, id, sender }) {
      // An id is its sender's own choice.
      const key = `${room} ${sender?.id} ${id}`;
      const life = lives.get(room) ?? 0;
      if ((messages.get(key) ?? life) < life) return false;
      messages.set(key, life);
      if (messages.size > mostMessages) messages.delete(messages.keys().next().value as string);
      return true;
    },
    reset(room) {
      lives.set(room, (lives.get(room) ?? 0) + 1);
    },
  };
}
