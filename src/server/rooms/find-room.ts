// Which of a server's rooms an id is.
import { plainId } from '../../contract/pattern.js';
import type { ServedRoom } from './serve.js';

export interface FoundRoom {
  readonly served: ServedRoom;
  readonly params: Readonly<Record<string, string>>;
}

/** The first room whose pattern fits an id. Null where there is none, and where the id is another name of a room that fits an earlier pattern. */
export function findRoom(rooms: readonly ServedRoom[], id: string): FoundRoom | null {
  const plain = plainId(id);
  for (const served of rooms) {
    const { contract } = served;
    const params = contract.match(id);
    if (params) return { served, params };
    if (plain !== id && plain !== null && contract.match(plain)) return null;
  }
  return null;
}
