// What the members of this node show, those on grace among them, by what it costs in memory: bounded for each user, and for the node.
import { weightOf } from '../util/memory-size.js';

export interface Presences {
  /**
   * A member shows this from now on, instead of what it showed in the room before. False where its user, or all members of this node, would show too much: then it shows what it showed before.
   * `said`: what its client said, where that is something else.
   */
  show(room: string, member: string, user: string | null, presence: unknown, said: unknown): boolean;
  /** A member is gone from a room. */
  gone(room: string, member: string): void;
}

/** What the members of one user may show, as a part of the heap, and at most, in bytes. */
const userPart = 1 / 64;
const mostOfUser = 2 ** 23;
/** What all members of a node may show, as a part of the heap. */
const nodePart = 1 / 8;

interface Shown {
  readonly whose: string;
  readonly weight: number;
}

export function createPresences(heapBytes: number): Presences {
  const mostOfOne = Math.min(heapBytes * userPart, mostOfUser);
  const most = heapBytes * nodePart;
  const shown = new Map<string, Shown>();
  const users = new Map<string, number>();
  let total = 0;

  const keyOf = (room: string, member: string): string => `${room}\n${member}`;

  function gone(key: string): void {
    const before = shown.get(key);
    if (!before) return;
    shown.delete(key);
    total -= before.weight;
    const left = (users.get(before.whose) ?? 0) - before.weight;
    if (left > 0) users.set(before.whose, left);
    else users.delete(before.whose);
  }

  return {
    show(room, member, user, presence, said) {
      const key = keyOf(room, member);
      const before = shown.get(key);
      const weight = weightOf(presence) + (said === presence ? 0 : weightOf(said));
      // Sessions of nobody in particular count each for themselves.
      const whose = user === null ? `\n${member}` : user;
      const more = weight - (before?.weight ?? 0);
      const own = (users.get(whose) ?? 0) + more;
      if (more > 0 && (own > mostOfOne || total + more > most)) return false;
      gone(key);
      if (weight === 0) return true;
      shown.set(key, { whose, weight });
      users.set(whose, own);
      total += weight;
      return true;
    },
    gone(room, member) {
      gone(keyOf(room, member));
    },
  };
}
