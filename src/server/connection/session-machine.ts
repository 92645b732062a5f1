// The life of one connection on the server, as a pure machine: hello, authentication, live, closed. Its
// deadlines are fields.
import { closeCodes } from '../../protocol/codes.js';

/**
 * ```
 * hello ─hello─► authenticating ─known─► live ─► closed
 *   └── late, out of turn ──┴── refused ──┴── silent, expired
 * ```
 */
export type SessionState =
  | { readonly status: 'hello'; readonly by: number }
  | { readonly status: 'authenticating' }
  | {
      readonly status: 'live';
      readonly heardAt: number;
      readonly pingAt: number;
      readonly pingedAt: number;
      readonly expiresAt: number;
    }
  | { readonly status: 'closed' };

export type SessionEvent =
  | { readonly type: 'hello' }
  | { readonly type: 'frame' | 'heard' | 'pinged' | 'tick' | 'closed' }
  | { readonly type: 'renewed'; readonly expiresAt: number }
  // `number`: any number that differs between connections, so that their pings are spread.
  | { readonly type: 'known'; readonly expiresAt: number; readonly number: number };

export type SessionEffect =
  | { readonly type: 'close'; readonly code: number; readonly reason: string }
  | { readonly type: 'ping'; readonly alone: boolean };

export interface SessionContext {
  readonly now: number;
  readonly interval: number;
  readonly timeout: number;
}

/**
 * The server pings a client that pings by itself only once in this many intervals, to measure the round trip.
 */
const serverPingEvery = 4;

const noEffects: readonly SessionEffect[] = [];
const closedState: SessionState = { status: 'closed' };
const closeWith = (code: number, reason: string): readonly [SessionState, readonly SessionEffect[]] => [
  closedState,
  [{ type: 'close', code, reason }],
];

export function newSession(now: number, helloTimeout: number): SessionState {
  return { status: 'hello', by: now + helloTimeout };
}

/** The next moment at which the machine has to be asked. */
export function sessionDeadline(
  state: SessionState,
  { interval, timeout }: Omit<SessionContext, 'now'>,
): number {
  if (state.status === 'hello') return state.by;
  return state.status === 'live'
    ? Math.min(state.pingAt, state.heardAt + interval + timeout, state.expiresAt)
    : Infinity;
}

type SessionStep = readonly [SessionState, readonly SessionEffect[]];

/** The client sent a ping. */
function stepPinged(
  state: Extract<SessionState, { status: 'live' }>,
  { now, interval, timeout }: SessionContext,
): SessionStep {
  // The server's ping waits an eighth of the timeout longer than the interval, so that the client's next ping can come
  // first. A server ping that is due now leaves with the pong, and needs no write of its own.
  const next = { ...state, pingAt: now + interval + timeout / 8 };
  return now - state.pingedAt >= (serverPingEvery - 0.5) * interval
    ? [{ ...next, pingedAt: now }, [{ type: 'ping', alone: false }]]
    : [next, noEffects];
}

/** A deadline may have passed. */
function stepTick(state: SessionState, { now, interval, timeout }: SessionContext): SessionStep {
  if (state.status === 'hello')
    return now >= state.by ? closeWith(closeCodes['hello-timeout'], 'no hello in time') : [state, noEffects];
  if (state.status !== 'live') return [state, noEffects];
  if (now >= state.expiresAt) return closeWith(closeCodes.unauthorized, 'the token expired');
  if (now >= state.heardAt + interval + timeout) return closeWith(closeCodes.silent, 'nothing was heard');
  return now >= state.pingAt
    ? [{ ...state, pingAt: now + interval, pingedAt: now }, [{ type: 'ping', alone: true }]]
    : [state, noEffects];
}

export function sessionStep(
  state: SessionState,
  event: SessionEvent,
  context: SessionContext,
): readonly [SessionState, readonly SessionEffect[]] {
  const { now, interval } = context;
  switch (event.type) {
    case 'closed':
      return [closedState, noEffects];
    case 'hello':
      return state.status === 'hello'
        ? [{ status: 'authenticating' }, noEffects]
        : state.status === 'closed'
          ? [state, noEffects]
          : closeWith(closeCodes['bad-frame'], 'a second hello');
    case 'known':
      return state.status === 'authenticating'
        ? [
            {
              status: 'live',
              heardAt: now,
              pingAt: now + interval,
              pingedAt: now - (event.number % serverPingEvery) * interval,
              expiresAt: event.expiresAt,
            },
            noEffects,
          ]
        : [state, noEffects];
    case 'renewed':
      return state.status === 'live'
        ? [{ ...state, expiresAt: event.expiresAt }, noEffects]
        : [state, noEffects];
    case 'frame':
      if (state.status === 'hello')
        return closeWith(closeCodes['bad-frame'], 'the first frame must be hello');
      return [
        state.status === 'live' && state.heardAt !== now ? { ...state, heardAt: now } : state,
        noEffects,
      ];
    case 'heard':
      return [
        state.status === 'live' && state.heardAt !== now ? { ...state, heardAt: now } : state,
        noEffects,
      ];
    case 'pinged':
      return state.status === 'live' ? stepPinged(state, context) : [state, noEffects];
    case 'tick':
      return stepTick(state, context);
    default:
      event satisfies never;
      return [state, noEffects];
  }
}
