// What is wanted, compared with what the server was told: the frames that make up the difference, in one write.
import type { ClientFrame } from '../../protocol/frames.js';
import { callLive, roomOf, workingConnection, writeFrames } from './model/draft.js';
import { callSlices, type Slice, type Turn, type Writing } from './model/slice.js';
import { canSend } from './model/room-state.js';
import { endProgress } from './outbox/in-flight.live.js';
import { joinOrLeave } from './room/membership.live.js';

function reconcileRoom(turn: Turn, id: string, frames: ClientFrame[], writing: Writing | null): void {
  if (joinOrLeave(turn, id, frames) || !writing) return;
  if (canSend(roomOf(turn, id))) callSlices(turn, 'reconcile', id, writing);
}

/**
 * Writes `first`, and behind it joins, leaves, presence, broadcasts, requests and messages. Nothing is written while
 * the connection is doubted.
 */
function write(turn: Turn, first: readonly ClientFrame[]): void {
  callLive(turn, 'beforeWrite');
  const frames = [...first];
  const live = workingConnection(turn.state);
  const isSilent = live === null && turn.state.connection.status === 'live';
  const writing: Writing | null = live && { live, frames, inFlight: null };
  if (!isSilent) for (const id of turn.state.rooms.keys()) reconcileRoom(turn, id, frames, writing);
  endProgress(turn);
  if (frames.length) writeFrames(turn, frames);
}

export const reconciliation: Slice = { write };
