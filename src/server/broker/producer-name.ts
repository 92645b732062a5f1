// Who numbers messages in a room: a session of a user. What a log remembers of it is kept by this name.

/** The name of a user's session. `user` null: somebody who is nobody in particular. */
export const producerName = (user: string | null, session: string): string => JSON.stringify([user, session]);

/** The user in such a name; null for nobody in particular. */
export function userOfProducer(producer: string): string | null {
  try {
    const [user] = JSON.parse(producer) as readonly unknown[];
    return typeof user === 'string' ? user : null;
  } catch {
    return null;
  }
}

/** How long a session counts as in use in a room after it was last asked for, in ms: those that are there are asked for each hour. */
export const producerInUseMs = 7_200_000;

/** How long the server remembers a session in a room after its last use, in ms: 24 h. */
export const sessionLifeMs = 86_400_000;

/** Sessions of one user that are remembered in a room while none of them is in use. */
const maxIdleSessions = 128;
/** The same of all who are nobody in particular, together. */
const maxIdleAnonymousSessions = 8_192;

export const maxIdleSessionsOf = (user: string | null): number =>
  user === null ? maxIdleAnonymousSessions : maxIdleSessions;

/** Receipts and refusals remembered for each producer of a room. */
export const maxOutcomes = 512;
/** What the results and details in them may take, in bytes: beyond it the older ones lose them. */
export const maxOutcomeBytes = 131_072;
/** What a refusal gives as its reason once it has lost its own. */
export const forgottenReason = 'refused before';
