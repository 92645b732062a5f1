// What it takes to act on the answers of `authorize`.
import type { Membership, Peer } from '../members/peer.js';
import type { ServerLog } from '../observe/log.js';
import type { AuthorizeContext } from './authorize.js';
import type { Revocations } from './revocations.js';

export interface AccessContext extends AuthorizeContext {
  readonly settings: { readonly logger: ServerLog; readonly presenceGrace: number };
  readonly revocations: Revocations;
  /** A membership ends: at once, or after the grace. */
  readonly endMembership: (membership: Membership, grace: number) => void;
  /** Puts a session out of a room, since its user may not be there: its membership ends at once, if there is one, and what it was told there it is not told again. Never rejects. */
  readonly expelSession: (peer: Peer, room: string) => Promise<void>;
}
