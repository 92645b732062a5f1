// Following a `goaway`: the next connection is there, and has every room, before the one before it is left. Nobody who looks on sees a change.
import type { ClientFrame, ServerFrame } from '../../../protocol/frames.js';
import { backoff } from './backoff.js';
import { joinInterval } from '../model/context.js';
import { greet, lose } from './lifecycle.js';
import type { Event } from '../model/events.js';
import { frames } from '../receive.js';
import { again, pump } from '../reconcile.js';
import { disconnected } from '../room/room.js';
import type { Connection, Greeting, Live } from '../model/connection-state.js';
import { ask, edit, type Turn } from '../model/draft.js';

/** Opens elsewhere, and stays here meanwhile. */
export function move(turn: Turn, live: Live): void {
  const { state, now, config } = turn;
  const attempt = ++state.attempt;
  moved(turn, live);
  state.connection = {
    ...live,
    old: 0,
    oldUntil: Infinity,
    moveAt: Infinity,
    next: { status: 'opening', attempt, giveUpAt: now + config.connectTimeout },
  };
  ask(turn, { type: 'open', attempt });
}

/** It came to nothing: another try, later, for as long as this connection is there. */
export function stay(turn: Turn, live: Live, reason: string): void {
  if (live.next) ask(turn, { type: 'close', attempt: live.next.attempt, code: 1006, reason });
  const { state, now, random, config } = turn;
  const { failures } = state.retry;
  state.retry = { ...state.retry, failures: failures + 1 };
  state.connection = {
    ...live,
    next: null,
    greeted: live.greeted || live.next?.status === 'greeting',
    moveAt: now + joinInterval + backoff(failures, random, config.backoff, 0),
  };
}

/** Every room is here, or has had its time: the connection that this one follows is of no more use. */
export function moved(turn: Turn, live: Live): void {
  const { state } = turn;
  if (live.old) ask(turn, { type: 'close', attempt: live.old, code: 4011, reason: 'moved' });
  state.connection = { ...live, old: 0, oldUntil: Infinity };
  for (const room of state.rooms.values()) if (room.asked) edit(turn, room, { phase: { status: 'joining' } });
}

/** The next connection spoke. Once it is welcome, each room joins there from where it stands, and goes on here until it is in. */
function arrive(turn: Turn, live: Live, next: Greeting, batch: readonly ServerFrame[]): void {
  const { state } = turn;
  const { self } = state;
  state.connection = next;
  frames(turn, batch);
  const now = state.connection as Connection;
  if (now.status !== 'live') state.connection = { ...live, next };
  else if (state.self?.member === self?.member) {
    state.connection = {
      ...now,
      since: live.since,
      recovered: live.recovered,
      old: live.gone ? 0 : live.attempt,
      oldUntil: turn.now + turn.config.connectTimeout,
    };
    const joins: ClientFrame[] = [];
    for (const room of state.rooms.values()) {
      if (room.phase.status === 'joined') again(turn, edit(turn, room), joins);
      else disconnected(turn, room);
    }
    pump(turn, joins);
  } else {
    ask(turn, { type: 'close', attempt: live.attempt, code: 4011, reason: 'moved' });
    for (const room of state.rooms.values()) disconnected(turn, room);
  }
}

/** What the connection that is left may still say: receipts, and what goes on in rooms that have not joined yet. A broadcast is said on the next one too. */
const isHeard = ({ state }: Turn, frame: ServerFrame): boolean =>
  frame.type === 'ack' ||
  ((frame.type === 'message' || frame.type === 'presence') && !!state.rooms.get(frame.room)?.asked);

/** What the world says of the connection that is to come, or of the one that is left. */
export function aside(turn: Turn, live: Live, event: Extract<Event, { attempt: number }>): void {
  const { state } = turn;
  const { next } = live;
  // Nonsense is told as a loss, and its link may still be there.
  const forget = ({ attempt, code, reason }: Extract<Event, { type: 'lost' }>): void => {
    ask(turn, { type: 'close', attempt, code, reason });
  };
  if (event.attempt === live.old) {
    if (event.type === 'lost') {
      state.connection = { ...live, old: 0 };
      forget(event);
    } else if (event.type === 'received')
      frames(
        turn,
        event.frames.filter((frame) => isHeard(turn, frame)),
      );
  } else if (!next) return;
  else if (event.type === 'lost') {
    if (live.gone) {
      state.connection = { ...live, next: null };
      forget(event);
      lose(turn, event.code, event.reason);
    } else stay(turn, live, event.reason);
  } else if (event.type === 'opened' && next.status === 'opening') {
    const { transport, codec } = event;
    state.connection = { ...live, next: { ...next, status: 'greeting', transport, codec } };
    ask(turn, { type: 'write', attempt: next.attempt, frames: [greet(turn, next.attempt, event.token)] });
  } else if (event.type === 'received' && next.status === 'greeting') arrive(turn, live, next, event.frames);
}
