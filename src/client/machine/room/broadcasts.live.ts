// Broadcasts: in no log and never sent again, so they leave with the next write or not at all.
import { draftRoom, emit, roomOf } from '../model/draft.js';

import { isJoined, senderOf } from '../model/room-state.js';
import type { Slice } from '../model/slice.js';
import { parseData } from './log.live.js';

/** Broadcasts of a room that can wait for the end of a turn. */
const maxUnsentBroadcasts = 1_000;

export const broadcasts: Slice = {
  events: {
    broadcast: (turn, { room: id, message: type, version, data }) => {
      const room = turn.state.rooms.get(id);
      if (!room || turn.state.connection.status !== 'live' || !isJoined(room)) return;
      if (room.unsentBroadcasts.length < maxUnsentBroadcasts)
        draftRoom(turn, id).unsentBroadcasts = [...room.unsentBroadcasts, { type, version, data }];
    },
  },
  frames: {
    broadcast: (turn, frame) => {
      const room = roomOf(turn, frame.room);
      if (!isJoined(room)) return;
      const parsed = parseData(turn, room.id, frame.message, frame.version, frame.data);
      if (!parsed) return;
      const sender = frame.sender && senderOf(room, frame.sender);
      emit(turn, {
        type: 'deliver-broadcast',
        broadcast: { room: room.id, type: frame.message, data: parsed.data, sender },
      });
    },
  },
  connectionLost: (turn, id) => {
    draftRoom(turn, id).unsentBroadcasts = [];
  },
  denied: (turn, id) => {
    draftRoom(turn, id).unsentBroadcasts = [];
  },
  reconcile: (turn, id, { frames }) => {
    const { unsentBroadcasts } = roomOf(turn, id);
    if (unsentBroadcasts.length === 0) return;
    for (const { type, version, data } of unsentBroadcasts)
      frames.push({ type: 'broadcast', room: id, message: type, version, data });
    draftRoom(turn, id).unsentBroadcasts = [];
  },
};
