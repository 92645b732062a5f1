// All slices of the machine, in the order in which they react. A new concern is a file and a line here.
import { greeting } from './connection/greeting.live.js';
import { heartbeat } from './connection/heartbeat.live.js';
import { lifecycle } from './connection/lifecycle.js';
import { signals } from './connection/signals.js';
import { token } from './connection/token.live.js';
import { handover } from './handover.live.js';
import { combineSlices, type Slices } from './model/slice.js';
import { inFlight } from './outbox/in-flight.live.js';
import { queue } from './outbox/queue.js';
import { restore } from './outbox/restore.js';
import { receiving } from './receive.live.js';
import { reconciliation } from './reconcile.live.js';
import { broadcasts } from './room/broadcasts.live.js';
import { history } from './room/history.live.js';
import { lists } from './room/lists.js';
import { log } from './room/log.live.js';
import { membership } from './room/membership.js';
import { membershipLive } from './room/membership.live.js';
import { presence } from './room/presence.js';
import { presenceLive } from './room/presence.live.js';

export const allSlices: Slices = /* @__PURE__ */ combineSlices(
  lifecycle,
  signals,
  handover,
  greeting,
  token,
  heartbeat,
  receiving,
  reconciliation,
  membership,
  membershipLive,
  presence,
  presenceLive,
  log,
  broadcasts,
  lists,
  history,
  queue,
  restore,
  inFlight,
);
