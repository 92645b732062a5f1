// The next moment that matters: the driver keeps one alarm for it.
import { lostAfter } from './context.js';
import { doubtAt } from './heartbeat.js';
import { isBusy } from './outbox.js';
import { isWanted } from './room.js';
import type { State } from './state.js';

/** Infinity where nothing is waited for. */
export function deadline(state: State): number {
  const { connection, retry, signals } = state;
  let next = state.outbox.nextExpiry;
  const at = (moment: number | null): void => {
    if (moment !== null && moment < next) next = moment;
  };
  if (retry.since !== null && !retry.lost) at(retry.since + lostAfter);
  const live = connection.status === 'live';
  switch (connection.status) {
    case 'opening':
    case 'greeting':
      at(connection.giveUpAt);
      break;
    case 'live':
      // A doubted link waits for its probe and for nothing else.
      at(connection.probeUntil);
      if (connection.probeUntil !== null) break;
      at(Math.min(doubtAt(connection), connection.pingAt));
      at(connection.moveAt);
      at(connection.refreshAt);
      break;
    case 'waiting':
      if (signals.visible && !signals.frozen) at(connection.retryAt);
      break;
    case 'idle':
    case 'offline':
    case 'needs-auth':
    case 'closed':
      break;
    default:
      connection satisfies never;
  }
  const writable = live && connection.probeUntil === null;
  for (const room of state.rooms.values()) {
    const own = state.outbox.rooms.get(room.id);
    if (room.leaveAt !== null && room.phase.status !== 'joining' && (!live || writable) && !isBusy(own) && room.requests.length === 0) at(room.leaveAt);
    at(room.staleUntil);
    if (!writable || !isWanted(room, own)) continue;
    if (room.phase.status === 'wanted') at(room.phase.at);
    if (room.phase.status === 'joined') {
      if (room.patch) at(room.presenceAt);
      if (own && own.pausedUntil > 0 && isBusy(own)) at(own.pausedUntil);
    }
  }
  return next;
}
