// What the handlers of frames share.
import type { Limits } from '../../protocol/limits.js';
import type { AccessContext } from '../access/context.js';
import type { Broker } from '../broker/broker.js';
import type { Hub } from '../delivery/hub.js';
import type { SlowReaders } from '../delivery/slow-readers.js';
import type { Membership, Peer } from '../members/peer.js';
import type { PresenceMemory } from '../members/presence-memory.js';
import type { ServerLog } from '../observe/log.js';
import type { Meter } from '../ports/meter.js';
import type { RequestInfo, ServerPorts } from '../ports/ports.js';
import type { ServedRoom, User } from '../rooms/serve.js';
import type { MaybePromise } from '../util/maybe-promise.js';
import type { MessagesInProgress } from './in-progress.js';

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

export interface FrameContext extends ServerPorts, AccessContext {
  readonly settings: FrameSettings;
  readonly broker: Broker;
  readonly hub: Hub;
  readonly slowReaders: SlowReaders;
  readonly messagesInProgress: MessagesInProgress;
  /** Registers a session after `hello`, replacing its older connection. Returns why it was refused (its key is owned by another live client, a newer connection exists, or its user has too many), or null. */
  readonly registerSession: (peer: Peer, takeover: boolean) => SessionRefusal | null;
  /** A session is back in a room before its grace was over. */
  readonly cancelGrace: (membership: Membership) => void;
  /** A number of a session was appended or refused: the session's connection goes on from there, whichever it is by now. Whether the session is in the room here. */
  readonly recordSettled: (producer: string, room: string, seq: number) => boolean;
  /** A session is not in a room any more. `agoMs`: how long ago the broker was last asked for its numbers here. */
  readonly restProducer: (producer: string, room: string, agoMs: number) => void;
  /** What members show, counted. */
  readonly presenceMemory: PresenceMemory;
  readonly meter: Meter;
  /** Over how many ms the clients of this node should come back, if it falls. */
  readonly reconnectSpreadMs: () => number;
  readonly counters: { messagesIn: number };
}
