// One connection's life on the server, as a pure machine: hello, authentication, live, closed; its deadlines are fields.

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
  // `number`: any, so that those of many connections are different.
  | { readonly type: 'known'; readonly expiresAt: number; readonly number: number };

export type SessionEffect =
  | { readonly type: 'close'; readonly code: 4000 | 4400 | 4401 | 4408; readonly reason: string }
  | { readonly type: 'ping'; readonly alone: boolean };

export interface SessionContext {
  readonly now: number;
  readonly interval: number;
  readonly timeout: number;
}

/** A client that pings by itself is alive, and measures. The server pings it once in so many intervals, to measure as well. */
const seldom = 4;

const none: readonly SessionEffect[] = [];
const closed: SessionState = { status: 'closed' };
const closing = (
  code: 4000 | 4400 | 4401 | 4408,
  reason: string,
): readonly [SessionState, readonly SessionEffect[]] => [closed, [{ type: 'close', code, reason }]];

export function newSession(now: number, helloTimeout: number): SessionState {
  return { status: 'hello', by: now + helloTimeout };
}

/** The next moment that matters to this session. */
export function sessionDeadline(
  state: SessionState,
  { interval, timeout }: Omit<SessionContext, 'now'>,
): number {
  if (state.status === 'hello') return state.by;
  return state.status === 'live'
    ? Math.min(state.pingAt, state.heardAt + interval + timeout, state.expiresAt)
    : Infinity;
}

export function sessionStep(
  state: SessionState,
  event: SessionEvent,
  context: SessionContext,
): readonly [SessionState, readonly SessionEffect[]] {
  const { now, interval, timeout } = context;
  switch (event.type) {
    case 'closed':
      return [closed, none];
    case 'hello':
      return state.status === 'hello'
        ? [{ status: 'authenticating' }, none]
        : state.status === 'closed'
          ? [state, none]
          : closing(4400, 'a second hello');
    case 'known':
      return state.status === 'authenticating'
        ? [
            {
              status: 'live',
              heardAt: now,
              pingAt: now + interval,
              pingedAt: now - (event.number % seldom) * interval,
              expiresAt: event.expiresAt,
            },
            none,
          ]
        : [state, none];
    case 'renewed':
      return state.status === 'live' ? [{ ...state, expiresAt: event.expiresAt }, none] : [state, none];
    case 'frame':
      if (state.status === 'hello') return closing(4400, 'the first frame must be hello');
      return [state.status === 'live' && state.heardAt !== now ? { ...state, heardAt: now } : state, none];
    case 'heard':
      return [state.status === 'live' && state.heardAt !== now ? { ...state, heardAt: now } : state, none];
    case 'pinged': {
      if (state.status !== 'live') return [state, none];
      // Its next one has some time to get here. Our own, where it is due, goes with the answer, and costs no write of its own.
      const next = { ...state, pingAt: now + interval + timeout / 8 };
      return now - state.pingedAt >= (seldom - 0.5) * interval
        ? [{ ...next, pingedAt: now }, [{ type: 'ping', alone: false }]]
        : [next, none];
    }
    case 'tick':
      if (state.status === 'hello')
        return now >= state.by ? closing(4408, 'no hello in time') : [state, none];
      if (state.status !== 'live') return [state, none];
      if (now >= state.expiresAt) return closing(4401, 'the token expired');
      if (now >= state.heardAt + interval + timeout) return closing(4000, 'nothing was heard');
      return now >= state.pingAt
        ? [{ ...state, pingAt: now + interval, pingedAt: now }, [{ type: 'ping', alone: true }]]
        : [state, none];
    default:
      event satisfies never;
      return [state, none];
  }
}
