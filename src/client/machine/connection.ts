// One transport's life: what opens it, what loses it, and what follows. Knows nothing of rooms or messages.
import { verdictOf, type CloseReason } from '../../protocol/codes.js';
import type { ServerFrame } from '../../protocol/frames.js';
import { backoff } from './backoff.js';
import { wakeInterval, type Context } from './context.js';
import type { Effect } from './effects.js';
import { probed } from './heartbeat.js';
import type { Connection, Retry, State } from './state.js';

export type Step = readonly [State, readonly Effect[]];

/** The attempt that owns a socket or is about to; 0 where there is none. */
export const attemptOf = (connection: Connection): number => ('attempt' in connection ? connection.attempt : 0);

export function open(state: State, { now, config }: Context): Step {
  const attempt = state.attempt + 1;
  const connection: Connection = { status: 'opening', attempt, giveUpAt: now + config.connectTimeout };
  return [{ ...state, attempt, connection, retry: { ...state.retry, tries: state.retry.tries + 1 } }, [{ type: 'open', attempt }]];
}

/** Whoever leaves a state that owns a socket closes it, always. */
const closing = (state: State, code: number, reason: string): readonly Effect[] => {
  const attempt = attemptOf(state.connection);
  return attempt ? [{ type: 'close', attempt, code, reason }] : [];
};

/** Ends the connection until the app asks again. */
export function end(state: State, reason: CloseReason): Step {
  const effects = closing(state, 1000, reason.reason);
  return [{ ...state, connection: { status: 'closed' }, retry: { ...state.retry, since: null, reason } }, effects];
}

/** Gives the current attempt up and starts another at once, for a reason of our own. */
export function move(state: State, context: Context, reason: string): Step {
  const effects = closing(state, 4011, reason);
  const [next, opening] = open({ ...state, retry: { ...state.retry, since: state.retry.since ?? context.now, tries: 0, reason: { code: 4011, reason } } }, context);
  return [next, [...effects, ...opening]];
}

/**
 * The current attempt is over: by a close from the other end, or given up by us. Decides what follows from the code's verdict; `hint` is the least
 * wait that the server asked for.
 */
export function lose(state: State, code: number, reason: string, context: Context, hint = 0): Step {
  const { connection, signals } = state;
  const effects = closing(state, code >= 4000 ? code : 4000, reason);
  const why: CloseReason = { code, reason };
  const verdict = verdictOf(code);
  const since = state.retry.since ?? context.now;
  const settled = connection.status === 'live' && connection.settled;
  const retry = { ...state.retry, since, reason: why, tries: connection.status === 'live' ? 0 : state.retry.tries };
  const after = (next: Connection, change: Retry = retry): Step => [{ ...state, connection: next, retry: change }, effects];

  if (verdict === 'reauth') {
    if (!context.config.hasToken || retry.reauthed) return after({ status: 'needs-auth' }, { ...retry, since: null });
    const [next, opening] = open({ ...state, retry: { ...retry, reauthed: true } }, context);
    return [next, [...effects, ...opening]];
  }
  if (verdict === 'stop' || verdict === 'end') return after({ status: 'closed' }, { ...retry, since: null });
  const session = code === 4409 ? context.newSession() : state.session;
  const failures = settled ? 0 : retry.failures;
  if (failures >= context.config.backoff.attempts) return after({ status: 'closed' }, { ...retry, since: null });
  const counted = { ...retry, failures: failures + 1 };
  const next: Connection = signals.online
    ? { status: 'waiting', retryAt: context.now + Math.max(hint, backoff(failures, context.random, context.config.backoff)) }
    : { status: 'offline', since: context.now };
  return [{ ...state, session, connection: next, retry: counted }, effects];
}

/** A signal says that an attempt may succeed now: tries at once, but not again within five seconds. */
export function wake(state: State, context: Context): Step {
  const { connection, retry } = state;
  if (connection.status !== 'waiting' && connection.status !== 'offline') return [state, []];
  if (state.signals.frozen) return [state, []];
  if (connection.status === 'waiting' && context.now - retry.wokenAt < wakeInterval) return [state, []];
  return open({ ...state, retry: { ...retry, wokenAt: context.now } }, context);
}

/** Doubts a live link: asks for a sign of life within two seconds instead of believing a signal. */
export function probe(state: State, context: Context): Step {
  const { connection } = state;
  if (connection.status !== 'live' || connection.probeUntil !== null) return [state, []];
  return [{ ...state, connection: probed(connection, context.now) }, [{ type: 'write', attempt: connection.attempt, frames: [{ type: 'ping', time: context.now }] }]];
}

/** A share of a token's life is kept for fetching the next one, between a second and a minute. */
export const refreshAt = (now: number, life: number): number => now + Math.max(0, life - Math.min(60_000, Math.max(1_000, life / 5)));

export function welcomed(state: State, frame: Extract<ServerFrame, { type: 'welcome' }>, context: Context): State {
  const { connection } = state;
  if (connection.status !== 'greeting') return state;
  const { now, config } = context;
  const [interval, timeout] = frame.heartbeat;
  const tightest = Math.max(1, Math.min(interval, config.heartbeat.interval));
  return {
    ...state,
    self: { member: frame.member, user: frame.user },
    limits: frame.limits,
    retry: { ...state.retry, since: null, lost: false, reauthed: false, reason: null, tries: 0 },
    connection: {
      status: 'live',
      attempt: connection.attempt,
      since: now,
      transport: connection.transport,
      codec: connection.codec,
      skew: frame.time - now,
      recovered: state.self?.member === frame.member,
      settled: false,
      interval: tightest,
      timeout: Math.min(timeout, config.heartbeat.timeout),
      heardAt: now,
      pingAt: now,
      probeUntil: null,
      moveAt: null,
      refreshAt: frame.expires === null || !config.hasToken ? null : refreshAt(now, frame.expires - frame.time),
    },
  };
}
