// `hello` and `welcome`: how an open socket becomes a live connection, and how the client learns its user.
import { closeMoved } from '../../../protocol/codes.js';
import type { ClientFrame } from '../../../protocol/frames.js';
import { noHandover } from '../model/connection-state.js';
import { emit } from '../model/draft.js';
import { type FrameOf, type Slice, type Turn, callForRooms } from '../model/slice.js';
import { never } from '../model/limits.js';
import type { State } from '../model/state.js';
import { lose, noLoss } from './lifecycle.js';
import { tokenLife } from './token.live.js';

/** The shortest heartbeat interval that a server can ask for. */
const minHeartbeatMs = 100;

/** The first frame of an attempt. */
export const helloFrame = ({ session }: State, attempt: number, token: string | null): ClientFrame => ({
  type: 'hello',
  session: session.key,
  instance: session.instance,
  token,
  takeover: session.held ?? false,
  client: 'roomful-js',
  attempt,
});

function changeUser(turn: Turn, keepOwn: boolean): void {
  callForRooms(turn, 'userChanged', keepOwn);
}

/**
 * True if the session belongs to another user than `welcome` names. A member id is a digest of user and session key, so
 * another member id under the same key means another user.
 */
function isOtherUser({ session, self }: State, { member, user }: FrameOf<'welcome'>): boolean {
  const knownMember = self?.key === session.key ? self.member : session.member;
  if (knownMember !== undefined) return knownMember !== member;
  return session.owner !== undefined && session.owner !== (user?.id ?? null);
}

/**
 * Makes the connection live, unless the session in storage is of another user: then the client takes another session.
 */
function welcome(turn: Turn, frame: FrameOf<'welcome'>): void {
  const { now, config, state } = turn;
  const { connection, self, session } = state;
  if (connection.status !== 'greeting') return;
  const user = frame.user?.id ?? null;
  if (isOtherUser(state, frame)) {
    // Messages in storage wait there for their user.
    if (state.durable) return emit(turn, { type: 'disowned', user });
    changeUser(turn, false);
  } else if (self && self.key !== session.key && (self.user?.id ?? null) !== user) changeUser(turn, false);
  const { attempt, transport, codec } = connection;
  state.self = { key: session.key, member: frame.member, user: frame.user };
  state.limits = frame.limits;
  state.retry = { ...state.retry, ...noLoss };
  const [interval, timeout] = frame.heartbeat;
  state.connection = {
    status: 'live',
    attempt,
    transport,
    codec,
    since: now,
    recovered: self?.member === frame.member,
    clockSkew: frame.time - now,
    settledAt: never,
    returnSpread: 0,
    heartbeat: {
      interval: Math.min(Math.max(minHeartbeatMs, interval), config.heartbeat.interval),
      timeout: Math.min(timeout, config.heartbeat.timeout),
      answeredAt: now,
      pingAt: now,
      probeUntil: never,
    },
    token: tokenLife(turn, frame.expires, frame.time),
    handover: noHandover,
    helloWasSentElsewhere: false,
  };
}

// Joins follow `hello` in one message, so the handler of `opened` returns it for the reconciliation.
export const greeting: Slice = {
  events: {
    opened: (turn, { transport, codec, token }) => {
      const { state } = turn;
      if (state.connection.status !== 'opening') return undefined;
      state.connection = { ...state.connection, status: 'greeting', transport, codec };
      return [helloFrame(state, state.connection.attempt, token)];
    },
    // The session in storage is of another user: the client goes on with a session of its own. Messages that this page
    // sent before it learned its user go on as the new user's.
    disowned: (turn) => {
      const { state } = turn;
      changeUser(turn, state.self?.key !== state.session.key);
      state.durable = false;
      state.self = null;
      state.session = turn.newSession();
      lose(turn, closeMoved, 'another user');
    },
  },
  frames: { welcome },
};
