// The connection that speaks for each session: one at a time, the newest of its client.
import { closeCodes } from '../../protocol/codes.js';
import type { FrameContext, SessionRefusal } from '../frames/context.js';
import type { Peer } from '../members/peer.js';
import type { ConnectionCounts } from './connection-limits.js';

export interface SessionRegistry extends Pick<FrameContext, 'registerSession' | 'recordSettled'> {
  /** The connection is gone. Returns whether it spoke for its session. */
  endSession(peer: Peer): boolean;
}

/** Makes a registry. `replace`: ends a connection after a newer one of its session was registered. */
export function createSessionRegistry(
  counts: ConnectionCounts,
  replace: (older: Peer) => void,
): SessionRegistry {
  const sessions = new Map<string, Peer>();
  const conflictRefusal: SessionRefusal = {
    code: closeCodes['session-conflict'],
    reason: 'another client has this session key',
  };

  return {
    registerSession(peer, takeover) {
      const { identity } = peer;
      if (!identity) return conflictRefusal;
      const older = sessions.get(identity.producer);
      if (older && older.identity?.instance !== identity.instance && !takeover) return conflictRefusal;
      // 1. The client opens connection 1, and its hello is held up on its way.
      // 2. The client gives it up, opens connection 2, and is let in.
      // 3. The hello of connection 1 arrives. It must not replace connection 2.
      if (older?.identity?.instance === identity.instance && older.identity.attempt > identity.attempt)
        return { code: closeCodes.replaced, reason: 'a newer connection of this session is there' };
      sessions.set(identity.producer, peer);
      if (older) replace(older);
      const refusal = counts.identify(peer, identity.user?.id ?? null);
      if (refusal) sessions.delete(identity.producer);
      return refusal;
    },
    recordSettled(producer, room, seq) {
      const membership = sessions.get(producer)?.memberships.get(room);
      if (membership) membership.lastSeq = Math.max(membership.lastSeq, seq);
      return membership !== undefined;
    },
    endSession(peer) {
      const { identity } = peer;
      return (
        identity !== null && sessions.get(identity.producer) === peer && sessions.delete(identity.producer)
      );
    },
  };
}
