// The memory that the presences of this node's members take, members on grace included. It is bounded for
// each user and for the node.
import { compositeKey } from '../util/composite-key.js';
import { memorySizeOf } from '../util/memory-size.js';

export interface PresenceMemory {
  /**
   * The member shows this presence from now on. Returns false if its user, or all members of this node, would
   * show too much: it still shows what it showed before then.
   *
   * `said`: the presence as the client said it, if that differs.
   */
  show(room: string, member: string, user: string | null, presence: unknown, said: unknown): boolean;
  /** The member left the room. */
  forget(room: string, member: string): void;
}

/** The memory that the presences of one user may take, as a part of the heap, and at most, in bytes. */
const userHeapShare = 1 / 64;
const maxUserBytes = 2 ** 23;
/** The memory that the presences of all members of a node may take, as a part of the heap. */
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
      // A session without a user counts for itself.
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
