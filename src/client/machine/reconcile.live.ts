// What is wanted, compared with what the server was told: the frames that make up the difference, in one write.
import type { ClientFrame } from '../../protocol/frames.js';
import { isDoubted } from './model/connection-state.js';
import { liveConnection, roomOf, writeFrames } from './model/draft.js';
import type { Slice, Turn, Writing } from './model/slice.js';
import { isJoined, isWanted } from './model/room-state.js';
import { endProgress } from './outbox/in-flight.live.js';
import { joinOrLeave } from './room/membership.live.js';

function reconcileRoom(turn: Turn, id: string, frames: ClientFrame[], writing: Writing | null): void {
  if (joinOrLeave(turn, id, frames) || !writing) return;
  const room = roomOf(turn, id);
  if (!isWanted(room) || !isJoined(room) || room.membership.rejoiningFrom) return;
  for (const slice of turn.slices.all) slice.reconcile?.(turn, id, writing);
}

/** Writes `first`, and behind it joins, leaves, presence, broadcasts, requests and messages. Nothing is written while the connection is doubted. */
function write(turn: Turn, first: readonly ClientFrame[]): void {
  const { all } = turn.slices;
  for (const slice of all) slice.beforeWrite?.(turn);
  const frames = [...first];
  const live = liveConnection(turn.state);
  const isSilent = live !== null && isDoubted(live);
  const writing: Writing | null = live && { live, frames, inFlight: null };
  for (const id of turn.state.rooms.keys()) {
    for (const slice of all) slice.roomTick?.(turn, id);
    if (!isSilent) reconcileRoom(turn, id, frames, writing);
  }
  endProgress(turn);
  if (frames.length) writeFrames(turn, frames);
}

export const reconciliation: Slice = { write };
