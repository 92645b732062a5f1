// What opens a connection, what loses it, and what follows.
import {
  closeAbnormal,
  closeMoved,
  closeNormal,
  closeReplaced,
  closeSessionConflict,
  closeSuspended,
  closeUnauthorized,
  verdictOf,
  type CloseReason,
} from '../../../protocol/codes.js';
import {
  attemptOf,
  attemptsOf,
  nextConnection,
  type Connection,
  type Live,
  type Opening,
  type Greeting,
  type Retry,
} from '../model/connection-state.js';
import { emit, liveConnection } from '../model/draft.js';
import { type Slice, type Turn, callForRooms } from '../model/slice.js';
import { never, probeTimeoutMs, settledMs } from '../model/limits.js';
import { initialSignals } from '../model/state.js';
import { retryDeniedRooms } from '../room/membership.js';
import { backoffDelay } from './backoff.js';

/** Time after which a lost connection is worth telling a person. */
const longLossMs = 5_000;

/**
 * The connection has lasted, with its rooms. A connection that ends before that was of no use, whatever arrived on
 * it.
 */
const hasLasted = ({ now, state: { connection } }: Turn): boolean =>
  connection.status === 'live' && now >= connection.settledAt + settledMs;

/**
 * The one way from a connection to the next. It closes every socket that the next connection does not own, and tells
 * the rooms.
 */
function become(turn: Turn, next: Connection, retry: Partial<Retry>, { code, reason }: CloseReason): void {
  const { state } = turn;
  const { connection } = state;
  state.retry = { ...state.retry, ...(hasLasted(turn) && { failures: 0, briefConnections: 0 }), ...retry };
  state.connection = next;
  for (const attempt of attemptsOf(connection))
    if (attempt !== attemptOf(next)) emit(turn, { type: 'close', attempt, code, reason });
  if (connection.status !== 'live' && connection.status !== 'greeting') return;
  state.progress = null;
  callForRooms(turn, 'connectionLost');
}

const moved: CloseReason = { code: closeMoved, reason: 'moved' };

/** Starts an attempt, and ends the one there is. */
export function open(turn: Turn, retry: Partial<Retry>, why: CloseReason = moved): void {
  const { state, now, config } = turn;
  const attempt = ++state.attempt;
  become(
    turn,
    { status: 'opening', attempt, giveUpAt: now + config.connectTimeout },
    { ...retry, attempts: (retry.attempts ?? state.retry.attempts) + 1 },
    why,
  );
  emit(turn, { type: 'open', attempt });
}

/** `retry` of a connection that is there, or that was not asked for yet. */
export const noLoss = { attempts: 0, lostAt: null, isLong: false, reason: null, returnSpread: 0 } as const;

/** Opens a connection if there is none and none is on its way. With `why`, it also replaces one that is there. */
function connect(turn: Turn, why?: string): void {
  const { connection, retry } = turn.state;
  const { status } = connection;
  const reason = { code: closeMoved, reason: why ?? '' };
  if (status === 'idle' || status === 'closed' || status === 'needs-auth')
    open(turn, { ...noLoss, failures: 0, briefConnections: 0 });
  else if (why) open(turn, { lostAt: retry.lostAt ?? turn.now, attempts: 0, reason }, reason);
}

/**
 * Closed until the app asks again: everything that waits is settled, and the next connection has a session of its
 * own.
 */
function finish(turn: Turn, retry: Partial<Retry>, why: CloseReason): void {
  become(turn, { status: 'closed' }, { ...retry, lostAt: null }, why);
  settleEverything(turn);
  turn.state.session = turn.newSession();
}

function settleEverything(turn: Turn): void {
  callForRooms(turn, 'closed');
}

function close(turn: Turn): void {
  const { state } = turn;
  // Signals of the browser are heard only while the client is open. When it opens again, they say anew what is not so.
  state.signals = initialSignals;
  const reason = { code: closeNormal, reason: 'closed by the app' };
  if (state.connection.status === 'idle' || state.connection.status === 'closed') settleEverything(turn);
  else finish(turn, { isLong: false, reason }, reason);
}

/** What is known at the moment of a loss. */
interface Loss {
  readonly why: CloseReason;
  readonly retry: Pick<Retry, 'lostAt' | 'reason' | 'attempts' | 'returnSpread'>;
  readonly failures: number;
  readonly briefConnections: number;
}

/** What follows from a close code: usually the code's own verdict. */
function verdictFor(turn: Turn, code: number): ReturnType<typeof verdictOf> {
  const live = liveConnection(turn.state);
  if (!live) return verdictOf(code);
  // The server welcomed this token and refuses it at once: it will do so again with the next one.
  const tokenWasAcceptedMomentsAgo = code === closeUnauthorized && turn.config.hasToken && !hasLasted(turn);
  const replacedByOwnHandover = code === closeReplaced && live.helloWasSentElsewhere;
  return tokenWasAcceptedMomentsAgo || replacedByOwnHandover ? 'retry' : verdictOf(code);
}

/** The server fell, and all its clients come back: the code is none of Roomful's own. */
const isFall = (code: number): boolean => code < 4000;

/** The current attempt is over: the other end closed it, or the client gave it up. */
export function lose(turn: Turn, code: number, reason: string): void {
  const { now, config, state } = turn;
  const { retry } = state;
  const live = liveConnection(state);
  const lasted = hasLasted(turn);
  const verdict = verdictFor(turn, code);
  const loss: Loss = {
    why: { code, reason },
    retry: {
      lostAt: retry.lostAt ?? now,
      reason: { code, reason },
      attempts: live ? 0 : retry.attempts,
      returnSpread: live ? (isFall(code) ? live.returnSpread : 0) : retry.returnSpread,
    },
    failures: lasted ? 0 : retry.failures,
    briefConnections: lasted ? 0 : retry.briefConnections + (live && live.settledAt < never ? 1 : 0),
  };
  const next = live && nextConnection(live);
  if (live && next && state.self && now < next.giveUpAt && continueOnNext(turn, live, next, verdict, loss))
    return;
  if (verdict === 'reauth') askForToken(turn, loss);
  else if (verdict !== 'retry' || loss.failures >= config.backoff.attempts)
    finish(turn, loss.retry, loss.why);
  else waitAndRetry(turn, loss);
}

/** During a handover, the next connection can take the place of the lost one. True if it does. */
function continueOnNext(
  turn: Turn,
  live: Live,
  next: Opening | Greeting,
  verdict: string,
  { why, retry }: Loss,
): boolean {
  // `hello` of the next connection has reached this node, which closes the older one: the welcome comes in a moment.
  if (why.code === closeReplaced && next.status === 'greeting') {
    turn.state.connection = {
      ...live,
      handover: { stage: 'opening', next, superseded: true },
      heartbeat: { ...live.heartbeat, probeUntil: turn.now + probeTimeoutMs },
    };
    return true;
  }
  if (verdict !== 'retry') return false;
  become(turn, next, { ...retry, attempts: 1 }, why);
  return true;
}

function askForToken(turn: Turn, { why, retry }: Loss): void {
  // The second refusal in a row is of a token that was asked for because of the first.
  const tokenWasAskedFor = turn.state.retry.reason?.code === why.code;
  if (turn.config.hasToken && !tokenWasAskedFor) open(turn, retry, why);
  else become(turn, { status: 'needs-auth' }, { ...retry, lostAt: null }, why);
}

function waitAndRetry(turn: Turn, { why, retry, failures, briefConnections }: Loss): void {
  const { now, config, state, random } = turn;
  if (why.code === closeSessionConflict) {
    state.session = turn.newSession();
    callForRooms(turn, 'sessionReplaced');
  }
  const delay = (): number => backoffDelay(failures, random, config.backoff, retry.returnSpread);
  become(
    turn,
    state.signals.online ? { status: 'waiting', retryAt: now + delay() } : { status: 'offline', since: now },
    { ...retry, failures: failures + 1, briefConnections },
    why,
  );
}

/** The page goes to sleep, and its socket with it: the client comes back when the page does. */
export function sleep(turn: Turn): void {
  const { now, state } = turn;
  const reason = { code: closeSuspended, reason: 'the page sleeps' };
  if (attemptOf(state.connection) !== null)
    become(
      turn,
      { status: 'waiting', retryAt: now },
      { lostAt: state.retry.lostAt ?? now, reason, wokenAt: -never },
      reason,
    );
}

export const lifecycle: Slice = {
  events: {
    connect: (turn) => {
      connect(turn);
    },
    reconnect: (turn) => {
      // The app has a reason to hope, such as another token.
      retryDeniedRooms(turn);
      connect(turn, 'asked by the app');
    },
    close,
    lost: (turn, { code, reason }) => {
      lose(turn, code, reason);
    },
  },
  deadline: ({ connection, retry, signals }) =>
    Math.min(
      retry.lostAt !== null && !retry.isLong ? retry.lostAt + longLossMs : never,
      'giveUpAt' in connection ? connection.giveUpAt : never,
      connection.status === 'waiting' && signals.visible && !signals.frozen ? connection.retryAt : never,
    ),
  tick: (turn) => {
    const { now, config, state } = turn;
    const { connection, signals } = state;
    if ('giveUpAt' in connection) {
      if (now >= connection.giveUpAt)
        lose(turn, closeAbnormal, `no welcome within ${config.connectTimeout} ms`);
    } else if (connection.status === 'waiting' && signals.visible && !signals.frozen) {
      if (now >= connection.retryAt) open(turn, {});
    }
    const { lostAt, isLong } = state.retry;
    if (lostAt !== null && !isLong && now >= lostAt + longLossMs)
      state.retry = { ...state.retry, isLong: true };
  },
};
