// The life of the token: it is renewed on the connection before it ends, and nothing is written under one that has
// ended.
import { closeUnauthorized } from '../../../protocol/codes.js';
import type { TokenLife } from '../model/connection-state.js';
import { emit, liveConnection, writeFrames } from '../model/draft.js';
import type { Slice, Turn } from '../model/slice.js';
import { never } from '../model/limits.js';
import { lose } from './lifecycle.js';

/** A token is renewed a fifth of its life before it ends, and these are the bounds of that time. */
const minRefreshLeadMs = 1_000;
const maxRefreshLeadMs = 60_000;
/** The shortest time before a token is asked for again that did not come. */
const refreshRetryMs = 5_000;

/**
 * The life of a token that ends at `expires`, by a clock that shows `clock` now. A wrong clock never makes the client
 * ask all the time.
 */
export function tokenLife({ now, config }: Turn, expires: number | null, clock: number): TokenLife {
  const life = expires === null || !config.hasToken ? never : expires - clock;
  const lead = Math.min(maxRefreshLeadMs, Math.max(minRefreshLeadMs, life / 5));
  return { refreshAt: now + Math.max(minRefreshLeadMs, life - lead), expiresAt: now + life };
}

function setToken(turn: Turn, changes: Partial<TokenLife>): void {
  const live = liveConnection(turn.state);
  if (live) turn.state.connection = { ...live, token: { ...live.token, ...changes } };
}

const askAgainAt = ({ now, random }: Turn): number => now + refreshRetryMs * (1 + random());

export const token: Slice = {
  events: {
    token: (turn, event) => {
      if (turn.state.connection.status !== 'live') return;
      if (event.token === null) setToken(turn, { refreshAt: askAgainAt(turn) });
      else writeFrames(turn, [{ type: 'auth', token: event.token }]);
    },
  },
  frames: {
    auth: (turn, { expires }) => {
      const live = liveConnection(turn.state);
      if (live) setToken(turn, tokenLife(turn, expires, turn.now + live.clockSkew));
    },
    expiring: (turn, { within }) => {
      setToken(turn, tokenLife(turn, within, 0));
    },
  },
  beforeWrite: (turn, live) => {
    if (turn.now >= live.token.expiresAt) lose(turn, closeUnauthorized, 'the token expired');
  },
  liveDeadline: (live) => Math.min(live.token.refreshAt, live.token.expiresAt),
  liveTick: (turn, live) => {
    if (turn.now < live.token.refreshAt) return;
    // The server has to confirm the new token: if its answer does not come in time, a token is asked for again.
    setToken(turn, { refreshAt: askAgainAt(turn) + turn.config.connectTimeout });
    emit(turn, { type: 'token', attempt: live.attempt });
  },
};
