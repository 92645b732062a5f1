// The next moment that matters: the driver keeps one alarm for it.
import { lostAfter } from './model/context.js';
import { doubtAt } from './connection/heartbeat.js';
import { expiryOf } from './outbox/queue.js';
import { isLeaving } from './reconcile.js';
import { isBusy, isWanted } from './room/room.js';
import type { State } from './model/state.js';

/** Infinity where nothing is waited for. */
export function deadline({ connection, retry, signals, rooms }: State): number {
  let next = Infinity;
  const at = (moment: number | null, matters = true): void => {
    if (matters && moment !== null && moment < next) next = moment;
  };
  if (retry.since !== null) at(retry.since + lostAfter, !retry.lost);
  if ('giveUpAt' in connection) at(connection.giveUpAt);
  if (connection.status === 'waiting') at(connection.retryAt, signals.visible && !signals.frozen);
  const live = connection.status === 'live' ? connection : null;
  // A doubted link waits for its probe and for nothing else.
  const doubted = live !== null && live.probeUntil !== null;
  if (live)
    at(
      live.probeUntil ??
        Math.min(
          doubtAt(live),
          live.pingAt,
          live.moveAt,
          live.next?.giveUpAt ?? Infinity,
          live.oldUntil,
          live.refreshAt,
          live.expiresAt,
        ),
    );
  for (const room of rooms.values()) {
    at(expiryOf(room));
    at(room.staleUntil);
    if (doubted) continue;
    at(room.leaveAt, isLeaving(room));
    if (!live || !isWanted(room)) continue;
    if (room.phase.status === 'wanted') at(room.phase.at);
    if (room.asked) continue;
    at(room.presenceAt, room.phase.status === 'joined' && room.patch !== null);
    at(room.pausedUntil, room.phase.status === 'joined' && room.pausedUntil > 0 && isBusy(room));
  }
  return next;
}
