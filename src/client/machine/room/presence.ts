// Own presence, and the members of a room while the connection is away.
import { changePart, draftPart, ensureRoom, roomOf } from '../model/draft.js';
import type { Slice, Turn } from '../model/slice.js';
import { never } from '../model/limits.js';
import type { PresenceValue } from '../model/room-state.js';

/** Time that the members of a room are shown as stale while the connection is away. */
const staleMembersMs = 30_000;

/** A presence with a patch merged into it: the last value of a key wins, and `undefined` clears the key. */
export const mergePresence = (before: unknown, patch: PresenceValue): PresenceValue =>
  Object.fromEntries(
    Object.entries({ ...(before as PresenceValue | null), ...patch }).filter(
      ([, value]) => value !== undefined,
    ),
  );

/**
 * Changes own presence. `shown`: the whole presence as the room's contract reads it. Keys that did not change are not
 * sent.
 */
export function setOwnPresence(
  turn: Turn,
  id: string,
  patch: PresenceValue,
  shown: PresenceValue | null | undefined,
): void {
  const { own } = roomOf(turn, id).presence;
  const changed = Object.entries(patch).filter(([key, value]) => !Object.is(value, own?.[key]));
  if (own && changed.length === 0) return;
  const draft = draftPart(turn, id, 'presence');
  draft.own = mergePresence(own, patch);
  draft.ownShown = shown ?? draft.own;
  draft.unsent = { ...draft.unsent, ...Object.fromEntries(changed) };
}

export const presence: Slice = {
  events: {
    presence: (turn, { room, patch, shown }) => {
      ensureRoom(turn, room);
      setOwnPresence(turn, room, patch, shown);
    },
  },
  // The members are shown for a while, as the last that was known.
  connectionLost: (turn, id) => {
    const draft = draftPart(turn, id, 'presence');
    if (draft.members.size > 0 && draft.staleUntil === never) draft.staleUntil = turn.now + staleMembersMs;
    draft.members = new Map(Array.from(draft.members, ([key, member]) => [key, { ...member, stale: true }]));
  },
  closed: (turn, id) => {
    if (roomOf(turn, id).presence.staleUntil < never)
      changePart(turn, id, 'presence', { members: new Map(), staleUntil: never });
  },
  roomDeadline: ({ presence: { staleUntil } }) => staleUntil,
  roomTick: (turn, id) => {
    const { members, staleUntil } = roomOf(turn, id).presence;
    if (turn.now >= staleUntil)
      changePart(turn, id, 'presence', {
        staleUntil: never,
        members: new Map(Array.from(members).filter(([, { stale }]) => !stale)),
      });
  },
};
