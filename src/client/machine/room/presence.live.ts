// The members of a room, and own presence on its way to the server. A member that did not change keeps its identity.
import type { MemberTuple } from '../../../protocol/frames.js';
import { changePart, draftMap, draftPart, roomOf } from '../model/draft.js';
import { never } from '../model/limits.js';
import { isJoined, type PresenceValue } from '../model/room-state.js';
import type { Slice } from '../model/slice.js';
import type { Member } from '../model/message.js';
import { mergePresence } from './presence.js';

/** Members of a room that are shown. */
const maxMembers = 100_000;

/** Time between two presence frames of a room. */
const presenceThrottleMs = 50;

const memberOf = ([id, user, presence]: MemberTuple): Member => ({
  id,
  user: user ?? null,
  presence: presence ?? null,
});

/** All members of a room, as the server tells them when the room is joined. */
const toMembers = (
  before: ReadonlyMap<string, Member>,
  tuples: readonly MemberTuple[],
): ReadonlyMap<string, Member> =>
  new Map(
    tuples.map((tuple) => {
      const member = memberOf(tuple);
      const known = before.get(member.id);
      return [member.id, known && JSON.stringify(known) === JSON.stringify(member) ? known : member];
    }),
  );

export const presenceLive: Slice = {
  frames: {
    presence: (turn, { room: id, joined, left, changed }) => {
      const room = roomOf(turn, id);
      if (!isJoined(room)) return;
      const members = draftMap(turn, room.presence.members);
      for (const tuple of joined) if (members.size < maxMembers) members.set(tuple[0], memberOf(tuple));
      for (const [member, patch] of changed) {
        const known = members.get(member);
        if (known)
          members.set(member, { ...known, presence: mergePresence(known.presence, patch as PresenceValue) });
      }
      for (const member of left) members.delete(member);
      draftPart(turn, id, 'presence').members = members;
    },
  },
  // `join` carries the whole presence.
  joining: (turn, id) => {
    draftPart(turn, id, 'presence').unsent = null;
  },
  joined: (turn, id, { members }) => {
    const draft = draftPart(turn, id, 'presence');
    draft.members = toMembers(draft.members, members ?? []);
    draft.staleUntil = never;
  },
  left: (turn, id) => {
    changePart(turn, id, 'presence', {
      members: new Map(),
      own: null,
      ownShown: null,
      unsent: null,
    });
  },
  denied: (turn, id) => {
    changePart(turn, id, 'presence', { members: new Map(), staleUntil: never });
  },
  userChanged: (turn, id) => {
    draftPart(turn, id, 'presence').members = new Map();
  },
  sendDeadline: ({ presence: { unsent, sendAt } }) => (unsent ? sendAt : never),
  reconcile: (turn, room, { frames }) => {
    const { unsent: patch, sendAt } = roomOf(turn, room).presence;
    if (!patch || sendAt > turn.now) return;
    const cleared = Object.keys(patch).filter((key) => patch[key] === undefined);
    frames.push({ type: 'presence', room, patch, cleared });
    changePart(turn, room, 'presence', {
      unsent: null,
      sendAt: turn.now + presenceThrottleMs,
    });
  },
};
