// The frames that the server sends, in order.
import type { EntryTuple, ServerFrame } from '../../protocol/frames.js';
import { isAnswer, noteAnswer } from './connection/heartbeat.live.js';
import { liveConnection, writeFrames } from './model/draft.js';
import type { Slice, Turn } from './model/slice.js';
import { acknowledge } from './outbox/in-flight.live.js';
import { receiveEntries } from './room/log.live.js';

type OtherFrame = Exclude<ServerFrame, { type: 'message' }>;

/** A frame about a room that is not here changes nothing. */
function receiveFrame(turn: Turn, frame: OtherFrame): void {
  if ('room' in frame && !(liveConnection(turn.state) && turn.state.rooms.has(frame.room))) return;
  // The hot path: no table, no call through one.
  if (frame.type === 'ack') return acknowledge(turn, frame);
  (turn.slices.frames[frame.type] as ((turn: Turn, frame: OtherFrame) => void) | undefined)?.(turn, frame);
}

/** Takes a batch of frames. Consecutive entries of one room are one batch: one copy of a list, one delivery. */
export function receiveFrames(turn: Turn, batch: readonly ServerFrame[]): void {
  let entries: EntryTuple[] = [];
  for (const [index, frame] of batch.entries()) {
    if (frame.type !== 'message') {
      receiveFrame(turn, frame);
      continue;
    }
    entries.push(frame.entry);
    const next = batch[index + 1];
    if (next?.type === 'message' && next.room === frame.room) continue;
    if (turn.state.rooms.has(frame.room)) receiveEntries(turn, frame.room, entries);
    entries = [];
  }
  // Of several pings in one message the newest is answered.
  const ping = batch.findLast((frame) => frame.type === 'ping');
  if (ping) writeFrames(turn, [{ type: 'pong', time: ping.time }]);
}

export const receiving: Slice = {
  events: {
    received: (turn, { frames }) => {
      const live = liveConnection(turn.state);
      if (live && frames.some(isAnswer)) noteAnswer(turn, live);
      if (live || turn.state.connection.status === 'greeting') receiveFrames(turn, frames);
    },
  },
};
