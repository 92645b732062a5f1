// Signals of the browser: the network, the tab, the page. None is believed. Each is a reason to look.
import { liveConnection } from '../model/draft.js';
import { callSlices, type Slice, type Turn } from '../model/slice.js';
import type { Signals } from '../model/connection-state.js';
import { settledMs } from '../model/limits.js';
import { open, sleep } from './lifecycle.js';

const changes = {
  online: { online: true },
  offline: { online: false },
  visible: { visible: true },
  hidden: { visible: false },
  pagehide: { frozen: true },
  pageshow: { frozen: false },
} as const satisfies Record<string, Partial<Signals>>;

/**
 * Looks at the connection: a live one is probed, and a lost one is tried at once, but not twice within `settledMs`. A
 * page that sleeps gives its connection up.
 */
function onSignal(turn: Turn, { type }: { readonly type: keyof typeof changes }): void {
  const { now, state } = turn;
  state.signals = { ...state.signals, ...changes[type] };
  if (type === 'hidden') return;
  if (type === 'pagehide') return sleep(turn);
  const { connection, retry } = state;
  if (liveConnection(state)) callSlices(turn, 'doubted');
  else if (type === 'offline') {
    if (connection.status === 'waiting') state.connection = { status: 'offline', since: now };
  } else if (
    !state.signals.frozen &&
    (connection.status === 'offline' || (connection.status === 'waiting' && now - retry.wokenAt >= settledMs))
  )
    open(turn, { wokenAt: now });
}

export const signals: Slice = {
  events: {
    online: onSignal,
    offline: onSignal,
    visible: onSignal,
    hidden: onSignal,
    pagehide: onSignal,
    pageshow: onSignal,
  },
};
