// What is told of a user, on whichever node: its connections end, or its rooms are asked for again.
import { closeCodes } from '../../protocol/codes.js';
import type { NodeEvent } from '../broker/broker.js';
import type { Peer } from '../members/peer.js';
import { reauthorize } from './reauthorize.js';
import type { AccessContext } from './context.js';

/** Hears what nodes tell one another. `age`: how many ms ago it was told. `guarded`: runs what may fail. */
export function createUserCommandListener(
  peers: ReadonlySet<Peer>,
  context: AccessContext,
  runGuarded: (call: () => Promise<void>) => void,
): (event: NodeEvent, ageMs: number) => void {
  const { revocations, expelSession, monotonicNow } = context;
  return (event, ageMs) => {
    revocations.record(event, ageMs);
    const commandedAt = monotonicNow() - ageMs;
    for (const peer of peers) {
      if (peer.identity?.user?.id !== event.user) continue;
      // Who was let in since is not meant, where it was heard late.
      if (ageMs > 0 && peer.identity.helloAt > commandedAt) continue;
      if (event.type === 'disconnect') {
        // A room that it was let into at this node, and that was heard of later than the end of its user.
        for (const { room, served } of Array.from(peer.memberships.values()))
          if (served.authorize) void expelSession(peer, room);
        peer.drop(closeCodes.forbidden, event.reason);
      } else runGuarded(() => reauthorize(peer, context));
    }
  };
}
