// Which connection speaks for a session: one at a time, the newest of its client.
import type { Census } from './connection-limits.js';
import type { Peer } from '../members/peer.js';
import type { Services, SessionRefusal } from '../frames/context.js';

export interface Sessions extends Pick<Services, 'register' | 'settled'> {
  /** A connection is gone. Whether it spoke for its session. */
  end(peer: Peer): boolean;
}

/** `replace`: ends a connection whose session goes on with a newer one. */
export function createSessions(census: Census, replace: (older: Peer) => void): Sessions {
  const sessions = new Map<string, Peer>();
  const conflict: SessionRefusal = { code: 4409, reason: 'another client has this session key' };

  return {
    register(peer, takeover) {
      const { identity } = peer;
      if (!identity) return conflict;
      const older = sessions.get(identity.producer);
      if (older && older.identity?.instance !== identity.instance && !takeover) return conflict;
      // A hello that was held up on its way while its client already opened another connection.
      if (older?.identity?.instance === identity.instance && older.identity.attempt > identity.attempt)
        return { code: 4009, reason: 'a newer connection of this session is there' };
      sessions.set(identity.producer, peer);
      if (older) replace(older);
      const refused = census.know(peer, identity.user?.id ?? null);
      if (refused) sessions.delete(identity.producer);
      return refused;
    },
    settled(producer, room, seq) {
      const membership = sessions.get(producer)?.memberships.get(room);
      if (membership) membership.last = Math.max(membership.last, seq);
      return membership !== undefined;
    },
    end(peer) {
      const { identity } = peer;
      return (
        identity !== null && sessions.get(identity.producer) === peer && sessions.delete(identity.producer)
      );
    },
  };
}
