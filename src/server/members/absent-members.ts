// Sessions without a connection that are still shown in rooms, by user. They count as connections of their user, so
// that a user cannot fill a room with members that are not there.

export interface AbsentMembers {
  /** The session of a user lost its connection, and is shown for a while. */
  add(user: string, member: string): void;
  /** The session has a connection again, or is not shown any more. */
  forget(member: string): void;
  /**
   * Forgets sessions of a user until `maxShown` are left, beginning with the one that lost its connection first.
   * Returns the members that have to leave their rooms.
   */
  trim(user: string, maxShown: number): readonly string[];
}

export function createAbsentMembers(): AbsentMembers {
  const userByMember = new Map<string, string>();
  /** The members of each user. The one that lost its connection first comes first. */
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
      const membersOfUser = [...(membersByUser.get(user) ?? [])];
      const surplus = membersOfUser.slice(0, Math.max(0, membersOfUser.length - maxShown));
      for (const member of surplus) forget(member);
      return surplus;
    },
  };
}
