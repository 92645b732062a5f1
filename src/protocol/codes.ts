// Close codes with their verdicts, and error codes.

/**
 * What a close code tells the client to do: `retry` connects again, `reauth` asks for a new token first, `stop` waits
 * for the app, and `end` ends the connection for good.
 */
export type Verdict = 'retry' | 'reauth' | 'stop' | 'end';

/** The close codes in use. {@link verdictOf} judges other codes by their range. */
export interface CloseCodes {
  /** The client closed the connection on purpose. */
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
  /** The server takes no more connections now. */
  readonly busy: 1013;
  /** One end heard nothing of the other for longer than the heartbeat allows. */
  readonly silent: 4000;
  /** The client read too slowly. */
  readonly slow: 4008;
  /** A newer connection of this session took the place of this one. */
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
  /** Client and server have no subprotocol in common. The reason names those of the server. */
  readonly unsupported: 4406;
  /** The client did not say hello in time. */
  readonly 'hello-timeout': 4408;
  /** Another connected client has this session key. The client makes a new one. */
  readonly 'session-conflict': 4409;
  /** The client sent too much for too long. */
  readonly 'rate-limited': 4429;
  /** The server cannot reach its broker or another service that it needs. */
  readonly unavailable: 4500;
}

// Each code is a constant: a bundle then holds numbers, and no table.
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

/**
 * Returns the verdict on a close code. A code without an entry above is judged by its range: 4400 to 4499 stop, others
 * retry. So an older client knows what to do with a newer code.
 */
export function verdictOf(code: number): Verdict {
  return exceptions[code] ?? (code >= 4400 && code < 4500 ? 'stop' : 'retry');
}

/** Why a connection ended. */
export interface CloseReason {
  readonly code: number;
  readonly reason: string;
}

/** The error codes on the wire and in a {@link RealtimeError}. True means that the same call may succeed later. */
export interface ErrorCodes {
  /** A handler or `authorize` of the room refused the operation. */
  readonly rejected: false;
  /** The payload does not fit the contract or the limits. */
  readonly invalid: false;
  /** There is no such room, or this user may not join it. The answer is the same, so that it tells nothing. */
  readonly denied: false;
  /** The operation needs a membership that this session does not have. */
  readonly 'not-joined': true;
  /** The contract has no message of this type. */
  readonly 'unknown-type': false;
  /** The message has a newer version than this end knows. */
  readonly 'unknown-version': false;
  /** The message is larger than the limit that `welcome` states. */
  readonly 'too-large': false;
  /** The connection is in as many rooms as it may be. */
  readonly 'too-many-rooms': false;
  /** `seq` is not the next one. The client sends again from the watermark on. */
  readonly gap: true;
  /** Two clients send messages under one session. */
  readonly conflict: false;
  /** The client sends too fast. `after` says when it may go on. */
  readonly limited: true;
  /** The server could not authorize or store the message in time. */
  readonly unavailable: true;
  /** The message was not sent within its time to live. */
  readonly expired: false;
  /** The outbox is full. */
  readonly overflow: true;
  /** The message was sent and will get no answer. It may be in the log or not. */
  readonly 'in-doubt': false;
  /** The client was closed. */
  readonly closed: false;
  /** The app took the message back before it was sent. */
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
