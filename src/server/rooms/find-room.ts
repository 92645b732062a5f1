// The search for the room definition of a room id.
import { plainId } from '../../contract/pattern.js';
import type { ServedRoom } from './serve.js';

export interface FoundRoom {
  readonly served: ServedRoom;
  readonly params: Readonly<Record<string, string>>;
}

/**
 * The first definition whose pattern matches the id. Null if there is none, or if the id is another spelling
 * of a room that an earlier pattern matches.
 */
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
