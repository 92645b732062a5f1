// What handlers of frames share.
import type { Broker } from '../broker/broker.js';
import type { Handlings } from './in-progress.js';
import type { Hub } from '../delivery/hub.js';
import type { Settings } from '../options.js';
import type { NoRoom } from '../connection/connection-limits.js';
import type { Meter } from '../ports/meter.js';
import type { Membership, Peer } from '../members/peer.js';
import type { ServerPorts } from '../ports/ports.js';
import type { Presences } from '../members/presence-memory.js';
import type { Revocations } from '../access/revocations.js';
import type { SessionEvent } from '../connection/session-machine.js';
import type { SlowReaders } from '../delivery/slow-readers.js';

/** Why a session that said hello may not stay. */
export type Refused = NoRoom | { readonly code: 4009 | 4409; readonly reason: string };

export interface Services extends ServerPorts {
  readonly settings: Settings;
  readonly broker: Broker;
  readonly hub: Hub;
  readonly slowReaders: SlowReaders;
  readonly handlings: Handlings;
  readonly revocations: Revocations;
  /** Something happened in a session's life. */
  readonly advance: (peer: Peer, event: SessionEvent) => void;
  /** Ends a connection with a code. */
  readonly drop: (peer: Peer, code: number, reason: string) => void;
  /** Takes note of a session that said hello; an older connection of it is replaced. Why not, where another live client owns the key, where it is itself the older one, or where its user has too many. */
  readonly register: (peer: Peer, takeover: boolean) => Refused | null;
  /** A session is back in a room before its grace was over. */
  readonly returned: (membership: Membership) => void;
  /** A membership ends: at once, or after the grace. */
  readonly depart: (membership: Membership, grace: number) => void;
  /** Puts a session out of a room, since its user may not be there: its membership ends at once, if there is one, and what it was told there it is not told again. Never rejects. */
  readonly expel: (peer: Peer, room: string) => Promise<void>;
  /** A number of a session was appended or refused: the session's connection goes on from there, whichever it is by now. Whether the session is in the room here. */
  readonly settled: (producer: string, room: string, seq: number) => boolean;
  /** A session is not in a room any more. `agoMs`: how long ago the broker was last asked for its numbers here. */
  readonly rest: (producer: string, room: string, agoMs: number) => void;
  /** What members show, counted. */
  readonly presences: Presences;
  readonly meter: Meter;
  /** Over how many ms the clients of this node should come back, if it falls. */
  readonly spread: () => number;
  readonly counts: { messagesIn: number };
}
