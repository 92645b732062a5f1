// Sessions that lost their connection and are still shown in rooms, by user: they count as connections of their user, so that nobody fills a room with members that are not there.

export interface AbsentMembers {
  /** A session of a user is gone, and shown for a while. */
  add(user: string, member: string): void;
  /** It is back, or shown no more. */
  forget(member: string): void;
  /** Of a user so many may be shown: those that are gone for longest leave their rooms now. */
  trim(user: string, maxShown: number): void;
}

/** @param end takes a member out of the rooms that it is still shown in. */
export function createAbsentMembers(end: (member: string) => void): AbsentMembers {
  const userByMember = new Map<string, string>();
  /** Those of each user, the one that is gone for longest first. */
  const membersByUser = new Map<string, Set<string>>();

  function forget(member: string): void {
    const user = userByMember.get(member);
    if (user === undefined) return;
    userByMember.delete(member);
    const membersOfUser = membersByUser.get(user);
    membersOfUser?.delete(member);
    if (membersOfUser?.size === 0) membersByUser.delete(user);
  }

  return {
    add(user, member) {
      forget(member);
      userByMember.set(member, user);
      membersByUser.set(user, (membersByUser.get(user) ?? new Set()).add(member));
    },
    forget,
    trim(user, maxShown) {
      const membersOfUser = membersByUser.get(user) ?? [];
      for (const member of [...membersOfUser].slice(
        0,
        Math.max(0, (membersByUser.get(user)?.size ?? 0) - maxShown),
      )) {
        forget(member);
        end(member);
      }
    },
  };
}
