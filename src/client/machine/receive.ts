// What each frame from the server does to the state.
import type { EntryTuple, ServerFrame } from '../../protocol/frames.js';
import { validity, welcomed } from './connection/lifecycle.js';
import { joinInterval, wakeInterval } from './model/context.js';
import { measured } from './connection/heartbeat.js';
import { bar } from './room/deny-room.js';
import { answer, asker } from './room/history.js';
import { acknowledge, refuse, rejoined } from './outbox/in-flight.js';
import { failureOf } from './outbox/queue.js';
import { diffed } from './room/presence.js';
import { authorOf, joined, mustRejoin, read, received } from './room/room.js';
import type { Room } from './model/state.js';
import { ask, edit, write, type Turn } from './model/draft.js';

/** How long to wait before a refused join is tried again, where a retry can help and the server does not say when, in ms. */
const joinAgain = 2_000;
/** Codes that answer a broadcast or a presence written before the join, and never a join. */
const ofBroadcast: ReadonlySet<string> = new Set([
  'rejected',
  'invalid',
  'not-joined',
  'unknown-type',
  'unknown-version',
  'too-large',
]);

function failed(turn: Turn, { ref, code, reason, after }: Extract<ServerFrame, { type: 'error' }>): void {
  const failure = failureOf(code, reason);
  const room = typeof ref === 'string' ? turn.state.rooms.get(ref) : undefined;
  const asked = typeof ref === 'number' ? asker(turn, ref) : null;
  if (room && (room.phase.status === 'joining' || room.asked)) {
    if (code === 'unavailable' || code === 'limited' || code === 'too-many-rooms')
      return void edit(turn, room, {
        phase: { status: 'wanted', at: turn.now + Math.max(joinInterval, after ?? joinAgain) },
        asked: null,
        error: failure,
      });
    if (!ofBroadcast.has(code)) return bar(turn, room, failure);
  }
  if (asked) answer(turn, ...asked, failure);
  if (asked?.[1].list !== null)
    ask(turn, { type: 'report', room: room?.id ?? asked?.[0].id ?? null, failure });
}

/** What is taken one by one. */
type Spoken = Exclude<ServerFrame, { type: 'message' }>;

/** A frame about a room; one about a room that is not here changes nothing. */
function inRoom(turn: Turn, room: Room, frame: Extract<Spoken, { room: string }>): void {
  switch (frame.type) {
    case 'joined':
      if (room.phase.status !== 'joining' && !room.asked) return;
      joined(turn, room, frame);
      return rejoined(turn, room, frame.last);
    case 'left':
      if (frame.code !== null) bar(turn, room, failureOf(frame.code, 'expelled from the room'));
      return;
    case 'ack':
      return acknowledge(turn, room, frame);
    case 'nack':
      return refuse(turn, room, frame);
    case 'broadcast': {
      if (room.phase.status !== 'joined') return;
      const found = read(turn, room.id, frame.message, frame.version, frame.data);
      if (found)
        ask(turn, {
          type: 'deliver-broadcast',
          broadcast: {
            room: room.id,
            type: frame.message,
            data: found.data,
            sender: frame.sender && authorOf(room.members, frame.sender),
          },
        });
      return;
    }
    case 'presence':
      return diffed(turn, room, frame);
    case 'reset':
      if (room.phase.status === 'joined') mustRejoin(turn, room);
      return;
    case 'lag':
      return;
    default:
      frame satisfies never;
  }
}

function one(turn: Turn, frame: Spoken): void {
  const { now, state } = turn;
  const { connection } = state;
  const live = connection.status === 'live' ? connection : null;
  switch (frame.type) {
    case 'welcome':
      return welcomed(turn, frame);
    case 'history': {
      const asked = asker(turn, frame.ref);
      if (asked) answer(turn, ...asked, frame);
      return;
    }
    case 'auth':
      if (live) state.connection = { ...live, ...validity(turn, frame.expires, now + live.skew) };
      return;
    case 'expiring':
      if (live) state.connection = { ...live, ...validity(turn, frame.within, 0) };
      return;
    case 'ping':
      if (live) state.connection = { ...live, skew: frame.time - now };
      return;
    case 'pong':
      // What was asked on this connection, and no moment of the server's choosing.
      if (live && frame.time >= live.since && now >= frame.time) {
        state.latency = measured(state.latency, now - frame.time);
        state.connection = { ...live, spread: frame.spread ?? 0 };
      }
      return;
    case 'goaway':
      // Two servers that are both about to go would pass it to and fro.
      if (live && !live.next) {
        const from = Math.max(now, Math.min(now, live.settledAt) + wakeInterval);
        state.connection = { ...live, moveAt: from + turn.random() * Math.max(0, now + frame.within - from) };
      }
      return;
    case 'error':
      return failed(turn, frame);
    default: {
      const room = live ? state.rooms.get(frame.room) : null;
      if (room) inRoom(turn, room, frame);
    }
  }
}

/** A batch of frames, in order. Consecutive entries of one room are one batch: one list copy, one delivery. */
export function frames(turn: Turn, batch: readonly ServerFrame[]): void {
  let entries: EntryTuple[] = [];
  for (const [at, frame] of batch.entries()) {
    if (frame.type !== 'message') {
      one(turn, frame);
      continue;
    }
    entries.push(frame.entry);
    const next = batch[at + 1];
    if (next?.type === 'message' && next.room === frame.room) continue;
    const room = turn.state.rooms.get(frame.room);
    if (room) received(turn, room, entries);
    entries = [];
  }
  // Of many in one message the newest is answered.
  const ping = batch.findLast((frame) => frame.type === 'ping');
  if (ping) write(turn, [{ type: 'pong', time: ping.time }]);
}
