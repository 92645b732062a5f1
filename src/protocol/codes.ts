// Close codes and error codes, each with its verdict.

/** What a close tells the client to do: try again, ask for a new token first, wait for the app, or stop because it is over. */
export type Verdict = 'retry' | 'reauth' | 'stop' | 'end';

/** Close codes in use. One that is not here is judged by its range: see {@link verdictOf}. */
export interface CloseCodes {
  /** Closed on purpose by the client. */
  readonly normal: 1000;
  /** The page or the server went away. */
  readonly 'going-away': 1001;
  /** The connection broke without a close. */
  readonly abnormal: 1006;
  /** A message was larger than the limit. */
  readonly 'too-big': 1009;
  /** The server failed. */
  readonly internal: 1011;
  /** The server restarts or drains. */
  readonly restart: 1012;
  /** The server has no room now. */
  readonly busy: 1013;
  /** Nothing was heard for longer than the heartbeat allows. */
  readonly silent: 4000;
  /** The client read too slowly. */
  readonly slow: 4008;
  /** A newer connection of this session took over. */
  readonly replaced: 4009;
  /** The page is put to sleep and will come back. */
  readonly suspended: 4010;
  /** The client follows a goaway, or reconnects because the app asked. */
  readonly moved: 4011;
  /** A frame was malformed or out of turn. */
  readonly 'bad-frame': 4400;
  /** The token is missing, expired or refused. */
  readonly unauthorized: 4401;
  /** This origin or user may not connect. */
  readonly forbidden: 4403;
  /** No subprotocol in common; the reason names what the server speaks. */
  readonly unsupported: 4406;
  /** No hello in time. */
  readonly 'hello-timeout': 4408;
  /** Another live client owns this session key: choose a new one. */
  readonly 'session-conflict': 4409;
  /** Too much, for too long. */
  readonly 'rate-limited': 4429;
  /** The server cannot reach what it depends on. */
  readonly unavailable: 4500;
}

// Each code as a constant, so that a bundle holds the number and no table.
export const closeNormal = 1000;
export const closeGoingAway = 1001;
export const closeAbnormal = 1006;
export const closeTooBig = 1009;
export const closeInternal = 1011;
export const closeRestart = 1012;
export const closeBusy = 1013;
export const closeSilent = 4000;
export const closeSlow = 4008;
export const closeReplaced = 4009;
export const closeSuspended = 4010;
export const closeMoved = 4011;
export const closeBadFrame = 4400;
export const closeUnauthorized = 4401;
export const closeForbidden = 4403;
export const closeUnsupported = 4406;
export const closeHelloTimeout = 4408;
export const closeSessionConflict = 4409;
export const closeRateLimited = 4429;
export const closeUnavailable = 4500;

/** All close codes, by name. */
export const closeCodes: CloseCodes = {
  normal: closeNormal,
  'going-away': closeGoingAway,
  abnormal: closeAbnormal,
  'too-big': closeTooBig,
  internal: closeInternal,
  restart: closeRestart,
  busy: closeBusy,
  silent: closeSilent,
  slow: closeSlow,
  replaced: closeReplaced,
  suspended: closeSuspended,
  moved: closeMoved,
  'bad-frame': closeBadFrame,
  unauthorized: closeUnauthorized,
  forbidden: closeForbidden,
  unsupported: closeUnsupported,
  'hello-timeout': closeHelloTimeout,
  'session-conflict': closeSessionConflict,
  'rate-limited': closeRateLimited,
  unavailable: closeUnavailable,
};

/** Codes whose verdict is not that of their range. */
const exceptions: Readonly<Record<number, Verdict>> = {
  1000: 'end',
  4009: 'end',
  4401: 'reauth',
  4408: 'retry',
  4409: 'retry',
  4429: 'retry',
};

/** The verdict on a close code, by its range: 4400 to 4499 stop, any other retries. So an older client knows what to do with a newer code. */
export function verdictOf(code: number): Verdict {
  return exceptions[code] ?? (code >= 4400 && code < 4500 ? 'stop' : 'retry');
}

/** Why a connection ended, as the app sees it. */
export interface CloseReason {
  readonly code: number;
  readonly reason: string;
}

/** Error codes, on the wire and in a {@link RealtimeError}. True: the same call may succeed later. */
export interface ErrorCodes {
  /** The room's handler or its authorize refused the operation. */
  readonly rejected: false;
  /** The payload does not fit the contract or the limits. */
  readonly invalid: false;
  /** No such room, or not for this user: the two are one answer. */
  readonly denied: false;
  /** The operation needs a membership that this session does not have. */
  readonly 'not-joined': true;
  /** The contract has no message of this type. */
  readonly 'unknown-type': false;
  /** The message is of a newer version than this end knows. */
  readonly 'unknown-version': false;
  /** Larger than the limit that `welcome` states. */
  readonly 'too-large': false;
  /** The connection is in as many rooms as it may be. */
  readonly 'too-many-rooms': false;
  /** `seq` is not the next one; the client goes back to the watermark. */
  readonly gap: true;
  /** Two writers share one session. */
  readonly conflict: false;
  /** Too fast; `after` says when to go on. */
  readonly limited: true;
  /** The server could not ask or store in time. */
  readonly unavailable: true;
  /** The time to live passed before it left. */
  readonly expired: false;
  /** The outbox is full. */
  readonly overflow: true;
  /** It left and was not acknowledged: only the future knows. */
  readonly 'in-doubt': false;
  /** The client was closed. */
  readonly closed: false;
  /** The app took it back before it left. */
  readonly aborted: false;
}

export type ErrorCode = keyof ErrorCodes;

export const errorCodes: ErrorCodes = {
  rejected: false,
  invalid: false,
  denied: false,
  'not-joined': true,
  'unknown-type': false,
  'unknown-version': false,
  'too-large': false,
  'too-many-rooms': false,
  gap: true,
  conflict: false,
  limited: true,
  unavailable: true,
  expired: false,
  overflow: true,
  'in-doubt': false,
  closed: false,
  aborted: false,
};

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(errorCodes, value);
}
