// Who uses a room, and whether it is wanted.
import { changePart, draftPart, ensureRoom, roomOf } from '../model/draft.js';
import type { Slice, Turn } from '../model/slice.js';
import { clientClosed } from '../model/failures.js';
import { unusedRoomMs } from '../model/limits.js';
import { isDenied, type Membership } from '../model/room-state.js';
import type { Failure } from '../model/message.js';
import type { State } from '../model/state.js';
import { setOwnPresence } from './presence.js';

/** The room is joined with the next reconciliation. */
export const wantedNow: Membership['phase'] = { status: 'wanted', at: 0 };

/** Wants a room again that was denied: there is a reason to hope. */
export function retryDenied(turn: Turn, id: string): void {
  if (isDenied(roomOf(turn, id))) changePart(turn, id, 'membership', { phase: wantedNow, error: null });
}

export function retryDeniedRooms(turn: Turn): void {
  for (const id of turn.state.rooms.keys()) retryDenied(turn, id);
}

/** Why nothing can be asked of this room until the app acts; null if something can. */
export function refusalOf({ connection, rooms }: State, id: string): Failure | null {
  if (connection.status === 'closed') return clientClosed;
  const room = rooms.get(id);
  return room && isDenied(room) ? room.membership.error : null;
}

export const membership: Slice = {
  events: {
    retain: (turn, { room: id, history, presence: patch, shown }) => {
      ensureRoom(turn, id);
      const { users, phase } = roomOf(turn, id).membership;
      if (phase.status === 'left' || (phase.status === 'denied' && users === 0))
        changePart(turn, id, 'membership', { phase: wantedNow, error: null });
      // A second user of the room adds to the presence; the presence of users that are gone is not kept.
      const { own } = roomOf(turn, id).presence;
      if (patch) setOwnPresence(turn, id, users ? { ...patch, ...own } : patch, shown);
      const draft = draftPart(turn, id, 'membership');
      draft.users++;
      draft.leaveAt = null;
      draft.historyOnJoin = Math.max(draft.historyOnJoin, history);
    },
    release: (turn, { room: id }) => {
      if (!turn.state.rooms.has(id)) return;
      const draft = draftPart(turn, id, 'membership');
      draft.users = Math.max(0, draft.users - 1);
      if (draft.users === 0) draft.leaveAt = turn.now + unusedRoomMs;
    },
  },
  connectionLost: (turn, id) => {
    const draft = draftPart(turn, id, 'membership');
    const { status } = draft.phase;
    if (status !== 'denied' && status !== 'left') draft.phase = wantedNow;
    draft.rejoiningFrom = null;
  },
  userChanged: retryDenied,
};
