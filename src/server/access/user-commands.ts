// The commands of the app for a user, on whichever node its connections are: disconnect, and reauthorize.
import { closeCodes } from '../../protocol/codes.js';
import type { NodeEvent } from '../broker/broker.js';
import type { Peer } from '../members/peer.js';
import type { AccessContext } from './context.js';
import { reauthorize } from './reauthorize.js';

/**
 * Makes a listener for the commands of all nodes. `age`: how many ms ago a command was sent. `runGuarded`:
 * runs a call that may fail.
 */
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
      // 1. A node issues the command, and this node cannot be reached.
      // 2. The user connects to this node.
      // 3. This node hears the command, which must not end the new connection.
      if (ageMs > 0 && peer.identity.helloAt > commandedAt) continue;
      if (event.type === 'disconnect') {
        // The session may have been admitted to a room after the broker recorded the end of its user: that
        // admission has to end too.
        for (const { room, served } of Array.from(peer.memberships.values()))
          if (served.authorize) void expelSession(peer, room);
        peer.drop(closeCodes.forbidden, event.reason);
      } else runGuarded(() => reauthorize(peer, context));
    }
  };
}
