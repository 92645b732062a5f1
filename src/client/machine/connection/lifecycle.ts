// One transport's life: what opens it, what loses it, and what follows.
import { verdictOf, type CloseReason } from '../../../protocol/codes.js';
import type { ClientFrame, ServerFrame } from '../../../protocol/frames.js';
import { backoff } from './backoff.js';
import { leastInterval, probeTime, wakeInterval } from '../model/context.js';
import { disown } from '../outbox/restore.js';
import { doubtAt } from './heartbeat.js';
import { giveUp } from '../room/history.js';
import { clientClosed, forsake } from '../outbox/queue.js';
import { disconnected } from '../room/room.js';
import { attemptOf, attemptsOf, type Connection, type Live, type Retry } from '../model/connection-state.js';
import { ask, edit, write, type Turn } from '../model/draft.js';

/** The first frame of an attempt. */
export const greet = ({ state: { session } }: Turn, attempt: number, token: string | null): ClientFrame => ({
  type: 'hello',
  session: session.key,
  instance: session.instance,
  token,
  takeover: session.held ?? false,
  client: 'roomful-js',
  attempt,
});

/** Whether a connection has lasted, with its rooms: one that ends before was of no use, whatever was said on it. */
const lasted = ({ now, state: { connection } }: Turn): boolean =>
  connection.status === 'live' && now >= connection.settledAt + wakeInterval;

/** The one way from a connection to the next: whoever leaves a state that owns a socket closes it, always, and its rooms learn of it. */
function become(turn: Turn, next: Connection, retry: Partial<Retry>, { code, reason }: CloseReason): void {
  const { state } = turn;
  const { connection } = state;
  const attempt = attemptOf(connection);
  state.retry = { ...state.retry, ...(lasted(turn) && { failures: 0, brief: 0 }), ...retry };
  state.connection = next;
  for (const each of attemptsOf(connection))
    if (each !== attemptOf(next)) ask(turn, { type: 'close', attempt: each, code, reason });
  if (!attempt || connection.status === 'opening') return;
  state.progress = null;
  for (const room of state.rooms.values()) disconnected(turn, room);
}

/** Starts an attempt, and ends the one there is. */
export function open(
  turn: Turn,
  retry: Partial<Retry>,
  why: CloseReason = { code: 4011, reason: 'moved' },
): void {
  const { state, now, config } = turn;
  const attempt = ++state.attempt;
  become(
    turn,
    { status: 'opening', attempt, giveUpAt: now + config.connectTimeout },
    { ...retry, tries: (retry.tries ?? state.retry.tries) + 1 },
    why,
  );
  ask(turn, { type: 'open', attempt });
}

const fresh = { tries: 0, since: null, lost: false, reason: null, spread: 0 } as const;

/** The app asks: opens, where nothing is open or about to be; with `why` also where something is. */
export function connect(turn: Turn, why?: string): void {
  const {
    connection: { status },
    retry,
  } = turn.state;
  const reason = { code: 4011, reason: why ?? '' };
  if (status === 'idle' || status === 'closed' || status === 'needs-auth')
    open(turn, { ...fresh, failures: 0, brief: 0 });
  else if (why) open(turn, { since: retry.since ?? turn.now, tries: 0, reason }, reason);
}

/** Closed until the app asks again: nothing will come of what waits, and the next connection is a session of its own. */
function finish(turn: Turn, retry: Partial<Retry>, why: CloseReason): void {
  become(turn, { status: 'closed' }, { ...retry, since: null }, why);
  settleAll(turn);
  turn.state.session = turn.newSession();
}

function settleAll(turn: Turn): void {
  for (const room of turn.state.rooms.values()) {
    giveUp(turn, room, clientClosed);
    forsake(turn, room, true, clientClosed);
    // Nobody comes back to be shown as there: no alarm for when they would not be.
    if (room.staleUntil) edit(turn, room, { members: new Map(), staleUntil: null });
  }
}

/** Ends the connection until the app asks again. */
export function end(turn: Turn): void {
  const { status } = turn.state.connection;
  const reason = { code: 1000, reason: 'closed by the app' };
  if (status === 'idle' || status === 'closed') settleAll(turn);
  else finish(turn, { lost: false, reason }, reason);
}

/** The current attempt is over: by a close from the other end, or given up by us. Decides what follows from the code's verdict. */
export function lose(turn: Turn, code: number, reason: string): void {
  const { now, config, state } = turn;
  const { connection, retry } = state;
  const live = connection.status === 'live';
  const proven = lasted(turn);
  // A server that welcomes a token and refuses it at once will do so again.
  const verdict =
    live && ((!proven && config.hasToken && code === 4401) || (code === 4009 && connection.greeted))
      ? 'retry'
      : verdictOf(code);
  const failures = proven ? 0 : retry.failures;
  const brief = proven ? 0 : retry.brief + (live && connection.settledAt < Infinity ? 1 : 0);
  const why = { code, reason };
  const spread = live ? (code < 4000 ? connection.spread : 0) : retry.spread;
  const next = { since: retry.since ?? now, reason: why, tries: live ? 0 : retry.tries, spread };
  if (live && connection.next && state.self && now < connection.next.giveUpAt) {
    // The one that was to follow has said hello at this very node: its welcome comes in a moment, and nobody needs to know.
    if (code === 4009 && connection.next.status === 'greeting')
      return void (state.connection = { ...connection, gone: true, probeUntil: now + probeTime });
    // It is on its way.
    if (verdict === 'retry') return become(turn, connection.next, { ...next, tries: 1 }, why);
  }
  if (verdict === 'reauth') {
    // The second in a row is of a token that was asked for because of the first.
    if (config.hasToken && retry.reason?.code !== code) open(turn, next, why);
    else become(turn, { status: 'needs-auth' }, { ...next, since: null }, why);
  } else if (verdict !== 'retry' || failures >= config.backoff.attempts) finish(turn, next, why);
  else {
    if (code === 4409) {
      state.session = turn.newSession();
      for (const room of state.rooms.values()) forsake(turn, room, false);
    }
    become(
      turn,
      state.signals.online
        ? { status: 'waiting', retryAt: now + backoff(failures, turn.random, config.backoff, spread) }
        : { status: 'offline', since: now },
      { ...next, failures: failures + 1, brief },
      why,
    );
  }
}

/** Doubts a live link: asks for a sign of life within two seconds instead of believing a signal. Nothing is written until there is one. */
export function probe(turn: Turn, live: Live): void {
  const { now } = turn;
  if (live.probeUntil !== null && now - live.probeUntil <= probeTime) return;
  ping(turn, { ...live, probeUntil: now + probeTime });
}

/** Before anything is written, by the wall clock: a link that was silent for too long is doubted, and one whose token has ended is left for one that begins with a new token. */
export function examine(turn: Turn): void {
  const {
    now,
    state: { connection },
  } = turn;
  if (connection.status !== 'live' || connection.probeUntil !== null) return;
  if (now >= doubtAt(connection)) probe(turn, connection);
  else if (now >= connection.expiresAt) lose(turn, 4401, 'the token expired');
}

export function ping(turn: Turn, live: Live): void {
  const { now, state } = turn;
  state.connection = { ...live, pingAt: now + live.interval };
  write(turn, [{ type: 'ping', time: now }]);
}

/** Signals of the browser. None is believed; each is a reason to look: at a live link by a probe, otherwise by an attempt, but not again within five seconds. */
export function signal(
  turn: Turn,
  name: 'online' | 'offline' | 'visible' | 'hidden' | 'pagehide' | 'pageshow',
): void {
  const { now, state } = turn;
  const { connection, retry } = state;
  const field = name.endsWith('line') ? 'online' : name.startsWith('page') ? 'frozen' : 'visible';
  state.signals = { ...state.signals, [field]: name === field || name === 'pagehide' };
  if (name === 'hidden') return;
  if (name === 'pagehide') {
    const reason = { code: 4010, reason: 'the page sleeps' };
    if (attemptOf(connection))
      become(
        turn,
        { status: 'waiting', retryAt: now },
        { since: retry.since ?? now, reason, wokenAt: -Infinity },
        reason,
      );
  } else if (connection.status === 'live') probe(turn, connection);
  else if (name === 'offline') {
    if (connection.status === 'waiting') state.connection = { status: 'offline', since: now };
  } else if (
    !state.signals.frozen &&
    (connection.status === 'offline' ||
      (connection.status === 'waiting' && now - retry.wokenAt >= wakeInterval))
  )
    open(turn, { wokenAt: now });
}

/** The session in storage is of another user: this client goes on with one of its own, and with what its page wrote before it learned who it is. */
export function disowned(turn: Turn): void {
  const { state } = turn;
  disown(turn, state.self?.key !== state.session.key);
  state.durable = false;
  state.self = null;
  state.session = turn.newSession();
  lose(turn, 4011, 'another user');
}

/**
 * A token that ends at `expires` by a clock that shows `shown`. A share of its life is kept for fetching the next one, between a second and a minute; but no
 * clock that is wrong makes it ask again and again.
 */
export function validity(
  { now, config }: Turn,
  expires: number | null,
  shown: number,
): Pick<Live, 'refreshAt' | 'expiresAt'> {
  const life = expires === null || !config.hasToken ? Infinity : expires - shown;
  return {
    refreshAt: now + Math.max(1_000, life - Math.min(60_000, Math.max(1_000, life / 5))),
    expiresAt: now + life,
  };
}

/** When to ask for a token again that did not come. */
export const askAgainAt = ({ now, random }: Turn): number => now + 5_000 * (1 + random());

export function welcomed(turn: Turn, frame: Extract<ServerFrame, { type: 'welcome' }>): void {
  const { now, config, state } = turn;
  const { connection, self } = state;
  if (connection.status !== 'greeting') return;
  const { key, member, owner } = state.session;
  const user = frame.user?.id ?? null;
  // One session key is one member for one user, whatever is shown of them.
  const before = self?.key === key ? self.member : member;
  if (before === undefined ? owner !== undefined && owner !== user : before !== frame.member) {
    // What is in storage waits there for its user: this client takes another session.
    if (state.durable) return ask(turn, { type: 'disowned', user });
    disown(turn, false);
  } else if (self && self.key !== key && (self.user?.id ?? null) !== user) disown(turn, false);
  const { attempt, transport, codec } = connection;
  state.self = { key, member: frame.member, user: frame.user };
  state.limits = frame.limits;
  state.retry = { ...state.retry, ...fresh };
  state.connection = {
    status: 'live',
    attempt,
    transport,
    codec,
    since: now,
    skew: frame.time - now,
    recovered: self?.member === frame.member,
    settledAt: Infinity,
    interval: Math.min(Math.max(leastInterval, frame.heartbeat[0]), config.heartbeat.interval),
    timeout: Math.min(frame.heartbeat[1], config.heartbeat.timeout),
    heardAt: now,
    pingAt: now,
    probeUntil: null,
    moveAt: Infinity,
    spread: 0,
    next: null,
    gone: false,
    greeted: false,
    old: 0,
    oldUntil: Infinity,
    ...validity(turn, frame.expires, frame.time),
  };
}
