// Sessions that lost their connection and are still shown in rooms, by user: they count as connections of their user, so that nobody fills a room with members that are not there.

export interface Ghosts {
  /** A session of a user is gone, and shown for a while. */
  add(user: string, member: string): void;
  /** It is back, or shown no more. */
  over(member: string): void;
  /** Of a user so many may be shown: those that are gone for longest leave their rooms now. */
  cut(user: string, most: number): void;
}

/** @param end takes a member out of the rooms that it is still shown in. */
export function createGhosts(end: (member: string) => void): Ghosts {
  const userOf = new Map<string, string>();
  /** Those of each user, the one that is gone for longest first. */
  const members = new Map<string, Set<string>>();

  function over(member: string): void {
    const user = userOf.get(member);
    if (user === undefined) return;
    userOf.delete(member);
    const its = members.get(user);
    its?.delete(member);
    if (its?.size === 0) members.delete(user);
  }

  return {
    add(user, member) {
      over(member);
      userOf.set(member, user);
      members.set(user, (members.get(user) ?? new Set()).add(member));
    },
    over,
    cut(user, most) {
      const its = members.get(user) ?? [];
      for (const member of [...its].slice(0, Math.max(0, (members.get(user)?.size ?? 0) - most))) {
        over(member);
        end(member);
      }
    },
  };
}
