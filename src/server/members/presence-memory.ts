// What the members of this node show, those on grace among them, by what it costs in memory: bounded for each user, and for the node.
import { memorySizeOf } from '../util/memory-size.js';
import { compositeKey } from '../util/composite-key.js';

export interface PresenceMemory {
  /**
   * A member shows this from now on, instead of what it showed in the room before. False where its user, or all members of this node, would show too much: then it shows what it showed before.
   * `said`: what its client said, where that is something else.
   */
  show(room: string, member: string, user: string | null, presence: unknown, said: unknown): boolean;
  /** A member is gone from a room. */
  forget(room: string, member: string): void;
}

/** What the members of one user may show, as a part of the heap, and at most, in bytes. */
const userHeapShare = 1 / 64;
const maxUserBytes = 2 ** 23;
/** What all members of a node may show, as a part of the heap. */
const nodeHeapShare = 1 / 8;

interface ShownPresence {
  readonly owner: string;
  readonly bytes: number;
}

export function createPresenceMemory(heapBytes: number): PresenceMemory {
  const maxBytesOfUser = Math.min(heapBytes * userHeapShare, maxUserBytes);
  const maxBytesOfNode = heapBytes * nodeHeapShare;
  const shownPresences = new Map<string, ShownPresence>();
  const bytesByUser = new Map<string, number>();
  let totalBytes = 0;

  function forgetKey(key: string): void {
    const before = shownPresences.get(key);
    if (!before) return;
    shownPresences.delete(key);
    totalBytes -= before.bytes;
    const bytesLeft = (bytesByUser.get(before.owner) ?? 0) - before.bytes;
    if (bytesLeft > 0) bytesByUser.set(before.owner, bytesLeft);
    else bytesByUser.delete(before.owner);
  }

  return {
    show(room, member, user, presence, said) {
      const key = compositeKey(room, member);
      const before = shownPresences.get(key);
      const bytes = memorySizeOf(presence) + (said === presence ? 0 : memorySizeOf(said));
      // Sessions of nobody in particular count each for themselves.
      const owner = user === null ? `\n${member}` : user;
      const addedBytes = bytes - (before?.bytes ?? 0);
      const bytesOfUser = (bytesByUser.get(owner) ?? 0) + addedBytes;
      if (addedBytes > 0 && (bytesOfUser > maxBytesOfUser || totalBytes + addedBytes > maxBytesOfNode))
        return false;
      forgetKey(key);
      if (bytes === 0) return true;
      shownPresences.set(key, { owner, bytes });
      bytesByUser.set(owner, bytesOfUser);
      totalBytes += bytes;
      return true;
    },
    forget(room, member) {
      forgetKey(compositeKey(room, member));
    },
  };
}
