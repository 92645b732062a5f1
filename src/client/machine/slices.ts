// The slices that are there before the first paint. Everything else comes with the connection: see slices.live.ts.
import { lifecycle } from './connection/lifecycle.js';
import { signals } from './connection/signals.js';
import { combineSlices, type Slices } from './model/slice.js';
import { queue } from './outbox/queue.js';
import { restore } from './outbox/restore.js';
import { lists } from './room/lists.js';
import { membership } from './room/membership.js';
import { presence } from './room/presence.js';

export const firstSlices: Slices = /* @__PURE__ */ combineSlices(
  lifecycle,
  signals,
  membership,
  presence,
  lists,
  queue,
  restore,
);
