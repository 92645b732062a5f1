// Times in ms, counts and bounds that no option changes.

/** A moment that never comes. Anything else that is not there is `null`. */
export const never: number = Infinity;

/** Time that a doubted connection has to answer. */
export const probeTimeoutMs = 2_000;
/** Time that a room outlives its last user: longer than the remount of StrictMode and a change of route. */
export const unusedRoomMs = 1_000;
/** How many acknowledged messages are kept, in case the log loses its newest entries. */
export const maxAckedEntries = 1_000;
/**
 * Time between two attempts that a signal of the browser started at once. It is also the time that a connection has to
 * last, with its rooms joined, before earlier failures are forgotten.
 */
export const settledMs = 5_000;
/** Time between two joins of a room on one connection, and between two tries to move to the next connection. */
export const rejoinPauseMs = 1_000;
