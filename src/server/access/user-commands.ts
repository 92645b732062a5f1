// What is told of a user, on whichever node: its connections end, or its rooms are asked for again.
import type { NodeEvent } from '../broker/broker.js';
import type { Peer } from '../members/peer.js';
import { reauthorize } from './reauthorize.js';
import type { AccessContext } from './context.js';

/** Hears what nodes tell one another. `age`: how many ms ago it was told. `guarded`: runs what may fail. */
export function createTold(
  peers: ReadonlySet<Peer>,
  context: AccessContext,
  guarded: (call: () => Promise<void>) => void,
): (event: NodeEvent, age: number) => void {
  const { revocations, expel, steady } = context;
  return (event, age) => {
    revocations.note(event, age);
    const then = steady() - age;
    for (const peer of peers) {
      if (peer.identity?.user?.id !== event.user) continue;
      // Who was let in since is not meant, where it was heard late.
      if (age > 0 && peer.identity.since > then) continue;
      if (event.type === 'disconnect') {
        // A room that it was let into at this node, and that was heard of later than the end of its user.
        for (const { room, served } of Array.from(peer.memberships.values()))
          if (served.authorize) void expel(peer, room);
        peer.drop(4403, event.reason);
      } else guarded(() => reauthorize(peer, context));
    }
  };
}
