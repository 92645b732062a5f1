// Times in ms, counts and bounds that no option changes.

/** A moment that never comes. Anything else that is not there is `null`. */
export const never: number = Infinity;

/** Time that a doubted connection has to answer. */
export const probeTimeoutMs = 2_000;
/** Time that a room outlives its last user: longer than the remount of StrictMode and a change of route. */
export const unusedRoomMs = 1_000;
/** Time that the members of a room are shown as stale while the connection is away. */
export const staleMembersMs = 30_000;
/** Time between two presence frames of a room. */
export const presenceThrottleMs = 50;
/** Time after which a lost connection is worth telling a person. */
export const longLossMs = 5_000;
/** How long and how many acknowledged messages are kept, in case the log loses its newest entries. */
export const ackedEntryMs = 120_000;
export const maxAckedEntries = 1_000;
/**
 * Time between two attempts that a signal of the browser started at once. It is also the time that a connection has to
 * last, with its rooms joined, before earlier failures are forgotten.
 */
export const settledMs = 5_000;
/** Time between two joins of a room on one connection, and between two tries to move to the next connection. */
export const rejoinPauseMs = 1_000;
/** The shortest time before a message that the server put off is sent again. */
export const minSendPauseMs = 50;
/** The shortest heartbeat interval that a server can ask for. */
export const minHeartbeatMs = 100;
/** Members of a room that are shown. */
export const maxMembers = 100_000;
/** Broadcasts of a room that can wait for the end of a turn. */
export const maxUnsentBroadcasts = 1_000;
