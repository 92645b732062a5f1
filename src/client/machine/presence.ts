// Who else is here: snapshots and diffs over plain maps, keeping identity where nothing changed.
import type { MemberTuple, ServerFrame } from '../../protocol/frames.js';
import type { Member } from './state.js';

const memberOf = ([id, user, presence]: MemberTuple): Member => ({ id, user: user ?? null, presence: presence ?? null });

/** A patch merged into a presence: the last value of a key wins, `undefined` changes nothing. */
export function merged(before: unknown, patch: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const next: Record<string, unknown> = { ...(before as Record<string, unknown> | null) };
  for (const [key, value] of Object.entries(patch)) if (value !== undefined) next[key] = value;
  return next;
}

const same = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a) === JSON.stringify(b);

/** Everybody, as the server says on joining. Members that did not change keep their identity. */
export function snapshot(before: ReadonlyMap<string, Member>, members: readonly MemberTuple[]): ReadonlyMap<string, Member> {
  return new Map(
    members.map((tuple) => {
      const member = memberOf(tuple);
      const known = before.get(member.id);
      return [member.id, known && !known.stale && same(known.presence, member.presence) && same(known.user, member.user) ? known : member];
    }),
  );
}

export function diffed(before: ReadonlyMap<string, Member>, { joined, left, changed }: Extract<ServerFrame, { type: 'presence' }>): ReadonlyMap<string, Member> {
  const next = new Map(before);
  for (const tuple of joined) next.set(tuple[0], memberOf(tuple));
  for (const [id, patch] of changed) {
    const member = next.get(id);
    if (member) next.set(id, { ...member, presence: merged(member.presence, patch as Record<string, unknown>) });
  }
  for (const id of left) next.delete(id);
  return next;
}

/** The last that was known, marked as such. */
export function stale(members: ReadonlyMap<string, Member>): ReadonlyMap<string, Member> {
  if (members.size === 0) return members;
  return new Map(Array.from(members, ([id, member]) => [id, member.stale ? member : { ...member, stale: true as const }]));
}
