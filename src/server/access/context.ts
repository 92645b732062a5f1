// What it takes to act on the answers of `authorize`.
import type { Membership, Peer } from '../members/peer.js';
import type { ServerLog } from '../observe/log.js';
import type { AuthorizeContext } from './authorize.js';
import type { Revocations } from './revocations.js';

export interface AccessContext extends AuthorizeContext {
  readonly settings: { readonly logger: ServerLog; readonly presenceGrace: number };
  readonly revocations: Revocations;
  /** Ends a membership: at once with 0, or after the grace. */
  readonly endMembership: (membership: Membership, grace: number) => void;
  /**
   * Expels a session from a room, because its user may not be there any more. Its membership ends at once, if
   * it has one, and it is not told again what it was told there. Never rejects.
   */
  readonly expelSession: (peer: Peer, room: string) => Promise<void>;
}
