// The one table of close codes and error codes, each with its verdict.

/** What a close tells the client to do: try again, ask for a new token first, wait for the app, or start a session of its own. */
export type Verdict = 'retry' | 'reauth' | 'stop' | 'end';

interface CloseRow {
  readonly name: string;
  readonly verdict: Verdict;
  readonly meaning: string;
}

/** Close codes in use. A code that is not here is judged by its range: see {@link verdictOf}. */
export const closeCodes = {
  1000: { name: 'normal', verdict: 'end', meaning: 'closed on purpose by the client' },
  1001: { name: 'going-away', verdict: 'retry', meaning: 'the page or the server went away' },
  1006: { name: 'abnormal', verdict: 'retry', meaning: 'the connection broke without a close' },
  1009: { name: 'too-big', verdict: 'retry', meaning: 'a message was larger than the limit' },
  1011: { name: 'internal', verdict: 'retry', meaning: 'the server failed' },
  1012: { name: 'restart', verdict: 'retry', meaning: 'the server restarts or drains' },
  1013: { name: 'busy', verdict: 'retry', meaning: 'the server has no room now' },
  4000: { name: 'silent', verdict: 'retry', meaning: 'nothing was heard for longer than the heartbeat allows' },
  4008: { name: 'slow', verdict: 'retry', meaning: 'the client read too slowly' },
  4009: { name: 'replaced', verdict: 'end', meaning: 'a newer connection of this session took over' },
  4010: { name: 'suspended', verdict: 'retry', meaning: 'the page is put to sleep and will come back' },
  4011: { name: 'moved', verdict: 'retry', meaning: 'the client follows a goaway, or reconnects because the app asked' },
  4400: { name: 'bad-frame', verdict: 'stop', meaning: 'a frame was malformed or out of turn' },
  4401: { name: 'unauthorized', verdict: 'reauth', meaning: 'the token is missing, expired or refused' },
  4403: { name: 'forbidden', verdict: 'stop', meaning: 'this origin or user may not connect' },
  4406: { name: 'unsupported', verdict: 'stop', meaning: 'no subprotocol in common; the reason names what the server speaks' },
  4408: { name: 'hello-timeout', verdict: 'retry', meaning: 'no hello in time' },
  4409: { name: 'session-conflict', verdict: 'retry', meaning: 'another live client owns this session key: choose a new one' },
  4429: { name: 'rate-limited', verdict: 'retry', meaning: 'too much, for too long' },
  4500: { name: 'unavailable', verdict: 'retry', meaning: 'the server cannot reach what it depends on' },
} as const satisfies Record<number, CloseRow>;

export type CloseCode = keyof typeof closeCodes;

/** The verdict on a close code: from the table, otherwise by its range, so that an older client knows what to do with a newer code. */
export function verdictOf(code: number): Verdict {
  const row = (closeCodes as Readonly<Record<number, CloseRow>>)[code];
  return row ? row.verdict : code >= 4400 && code < 4500 ? 'stop' : 'retry';
}

/** Why a connection ended, as the app sees it. */
export interface CloseReason {
  readonly code: number;
  readonly reason: string;
}

/**
 * Error codes, on the wire and in a {@link RealtimeError}. True: the same call may succeed later.
 */
export const errorCodes = {
  rejected: false, // the room's handler or its authorize refused the operation
  invalid: false, // the payload does not fit the contract or the limits
  denied: false, // no such room, or not for this user: the two are one answer
  'not-joined': true, // the operation needs a membership that this session does not have
  'unknown-type': false, // the contract has no message of this type
  'unknown-version': false, // the message is of a newer version than this end knows
  'too-large': false, // larger than the limit that `welcome` states
  'too-many-rooms': false, // the connection is in as many rooms as it may be
  gap: true, // seq is not the next one; the client goes back to the watermark
  conflict: false, // two writers share one session
  limited: true, // too fast; `after` says when to go on
  unavailable: true, // the server could not ask or store in time
  expired: false, // the time to live passed before it left
  overflow: true, // the outbox is full
  'in-doubt': false, // it left and was not acknowledged: only the future knows
  closed: false, // the client was closed
  aborted: false, // the app took it back before it left
} as const satisfies Record<string, boolean>;

export type ErrorCode = keyof typeof errorCodes;

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(errorCodes, value);
}
