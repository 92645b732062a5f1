// What the handlers of frames share.
import type { Limits } from '../../protocol/limits.js';
import type { Hub } from '../delivery/hub.js';
import type { SlowReaders } from '../delivery/slow-readers.js';
import type { Membership, Peer } from '../members/peer.js';
import type { PresenceMemory } from '../members/presence-memory.js';
import type { MessageContext } from '../messages/context.js';
import type { ServerLog } from '../observe/log.js';
import type { RequestInfo } from '../ports/ports.js';
import type { ServedRoom, User } from '../rooms/serve.js';
import type { MaybePromise } from '../util/maybe-promise.js';

/** The settings that handlers of frames read. */
export interface FrameSettings {
  readonly rooms: readonly ServedRoom[];
  readonly authenticate:
    | ((credentials: {
        readonly token: string | null;
        readonly request: RequestInfo;
      }) => MaybePromise<User | null>)
    | null;
  readonly expose: (user: User) => User;
  readonly limits: Limits;
  readonly heartbeat: { readonly interval: number; readonly timeout: number };
  readonly presenceGrace: number;
  readonly buffer: number;
  readonly logger: ServerLog;
  readonly node: string;
}

/** Why a session that said hello may not stay. */
export interface SessionRefusal {
  readonly code: number;
  readonly reason: string;
}

export interface FrameContext extends MessageContext {
  readonly settings: FrameSettings;
  readonly hub: Hub;
  readonly slowReaders: SlowReaders;
  /** The memory that the presences of this node's members take. */
  readonly presenceMemory: PresenceMemory;
  readonly counters: { messagesIn: number };
  /**
   * Registers a session after `hello`, replacing its older connection. Returns why it was refused, or null: another
   * live client owns its key, a newer connection of it exists, or its user has too many.
   */
  readonly registerSession: (peer: Peer, takeover: boolean) => SessionRefusal | null;
  /** The member is back in the room before its grace was over. */
  readonly cancelGrace: (membership: Membership) => void;
  /** Over how many ms the clients of this node should reconnect if it fails. */
  readonly reconnectSpreadMs: () => number;
}
