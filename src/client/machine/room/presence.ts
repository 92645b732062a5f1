// Who else is here: snapshots and diffs over plain maps, keeping identity where nothing changed.
import type { MemberTuple, ServerFrame } from '../../../protocol/frames.js';
import { mostMembers } from '../model/context.js';
import type { Member, Room } from '../model/state.js';
import { edit, own, type Turn } from '../model/draft.js';

const memberOf = ([id, user, presence]: MemberTuple): Member => ({
  id,
  user: user ?? null,
  presence: presence ?? null,
});

type Presence = Readonly<Record<string, unknown>>;

/** A patch merged into a presence: the last value of a key wins, and `undefined` clears it. */
export const merged = (before: unknown, patch: Presence): Presence =>
  Object.fromEntries(
    Object.entries({ ...(before as Presence | null), ...patch }).filter(([, value]) => value !== undefined),
  );

/** Everybody, as the server says on joining. Members that did not change keep their identity. */
export const snapshot = (before: Room['members'], members: readonly MemberTuple[]): Room['members'] =>
  new Map(
    members.map((tuple) => {
      const member = memberOf(tuple);
      const known = before.get(member.id);
      return [member.id, known && JSON.stringify(known) === JSON.stringify(member) ? known : member];
    }),
  );

export function diffed(
  turn: Turn,
  room: Room,
  { joined, left, changed }: Extract<ServerFrame, { type: 'presence' }>,
): void {
  if (room.phase.status !== 'joined') return;
  const members = own(turn, room.members);
  for (const tuple of joined) if (members.size < mostMembers) members.set(tuple[0], memberOf(tuple));
  for (const [id, patch] of changed) {
    const member = members.get(id);
    if (member)
      members.set(id, { ...member, presence: merged(member.presence, patch as Record<string, unknown>) });
  }
  for (const id of left) members.delete(id);
  edit(turn, room).members = members;
}
