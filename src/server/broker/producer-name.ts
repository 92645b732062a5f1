// The name of a producer, which is a session of a user, and the bounds on what a broker remembers of it.

/** The name of a user's session. `user` is null for a session without a user. */
export const producerName = (user: string | null, session: string): string => JSON.stringify([user, session]);

/** The user in such a name; null if there is none. */
export function userOfProducer(producer: string): string | null {
  try {
    const [user] = JSON.parse(producer) as readonly unknown[];
    return typeof user === 'string' ? user : null;
  } catch {
    return null;
  }
}

/**
 * How long a session counts as in use in a room after it was last asked for, in ms. A node asks for its
 * sessions every hour.
 */
export const producerInUseMs = 7_200_000;

/** How long the server remembers a session in a room after its last use, in ms: 24 h. */
export const sessionLifeMs = 86_400_000;

/** The sessions of one user that a room remembers while none of them is in use, at most. */
const maxIdleSessions = 128;
/** The same for all sessions without a user together. */
const maxIdleAnonymousSessions = 8_192;

export const maxIdleSessionsOf = (user: string | null): number =>
  user === null ? maxIdleAnonymousSessions : maxIdleSessions;

/** The outcomes that a room remembers of a producer, at most. */
export const maxOutcomes = 512;
/** The bytes of results and details in them, at most. Beyond it the older outcomes lose theirs. */
export const maxOutcomeBytes = 131_072;
/** The reason of a refusal that has lost its own. */
export const forgottenReason = 'refused before';
