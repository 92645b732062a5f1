// Readers that are slower than what happens: nothing more is pushed to them until they have read what waits, then the log feeds them, a portion at a time.
import { BrokerUnavailable, type Broker } from './broker.js';
import type { Hub } from './hub.js';
import type { Position } from '../protocol/position.js';
import { isHere, tell, weighed, type Behind, type Membership, type Peer } from './peer.js';
import type { ServerPorts } from './ports.js';
import { membersBytes, portions, readAtOnce } from './portions.js';
import { nothingKept } from './volatile-kept.js';

export interface SlowReaders {
  /** A connection has more waiting than it should: its rooms are told that they lag. */
  begin(peer: Peer): void;
  /** A member has its place in a room, but not all that the log has behind `at`: that comes as it reads. */
  follow(membership: Membership, at: Position): void;
  /** Before an answer that may be long: what resolves once the connection has read most of what waits for it, or is over. Null where little waits. */
  room(peer: Peer): Promise<void> | null;
}

interface World extends Pick<ServerPorts, 'after' | 'steady'> {
  readonly broker: Broker;
  readonly hub: Hub;
  /** Bytes that may wait for one connection. */
  readonly limit: number;
  readonly drop: (peer: Peer, code: number, reason: string) => void;
  readonly failed: (error: unknown) => void;
}

/** How often a slow reader is looked at, in ms. */
const look = 100;
/** How long one may read nothing before it is given up, in ms. */
const patience = 30_000;

export function createSlowReaders({ broker, hub, limit, after, steady, drop, failed }: World): SlowReaders {
  /** Entries from the log until enough waits again. Whether it has them all. */
  async function feed(membership: Membership, behind: Behind): Promise<void> {
    const { peer, room } = membership;
    // From here on nothing passes by: what the log does not have yet waits.
    membership.waiting = [];
    const members = behind.left && membership.served.presence ? await broker.members(room) : null;
    const page = await broker.read(room, { after: behind.at, limit: readAtOnce, bytes: limit / 4 });
    if (!isHere(membership)) return;
    if ('why' in page) {
      // It joins again, and learns what is missing.
      membership.waiting = null;
      membership.behind = null;
      membership.at = null;
      return tell(peer, { type: 'reset', room, why: page.why });
    }
    let fed = 0;
    for (const entry of page.entries) {
      if (fed > limit / 2) break;
      fed += weighed(peer, { type: 'message', room, entry });
      behind.at = { epoch: page.epoch, offset: entry[0], tag: entry[1] };
    }
    if (behind.at.offset < page.top.offset) {
      membership.waiting = null;
      return;
    }
    if (members) {
      const here = new Set(members.map(([id]) => id));
      tell(peer, {
        type: 'presence',
        room,
        joined: [],
        left: Array.from(behind.left ?? []).filter((id) => !here.has(id)),
        changed: [],
      });
      for (const some of portions(members, membersBytes))
        tell(peer, { type: 'presence', room, joined: some, left: [], changed: [] });
    }
    hub.go(membership, behind.at);
  }

  /**
   * Calls once few bytes wait for a connection, or it is over. One that reads nothing meanwhile is given up. `before`: what waited at the last look. It reads where less waits than
   * at the look before, even though more was written since an earlier one.
   */
  function whenRead(peer: Peer, call: () => void, before = Infinity, since = steady()): void {
    after(look, () => {
      const waits = peer.transport.buffered();
      const now = steady();
      if (peer.lane.ended || waits <= limit / 4) return call();
      if (waits < before || now - since < patience)
        return whenRead(peer, call, waits, waits < before ? now : since);
      drop(peer, 4008, 'nothing was read');
      call();
    });
  }

  /** Feeds whoever has read what waited, and gives up whoever reads nothing. */
  function watch(peer: Peer): void {
    whenRead(peer, () => {
      if (peer.lane.ended) return;
      round(peer).then(
        (done) => {
          if (done) peer.outgoing.slow = false;
          else watch(peer);
        },
        (error: unknown) => {
          if (error instanceof BrokerUnavailable) return watch(peer);
          failed(error);
          drop(peer, 1011, 'the log could not be read');
        },
      );
    });
  }

  /** Whether every room is live again. */
  async function round(peer: Peer): Promise<boolean> {
    for (const membership of peer.memberships.values()) {
      if (!membership.behind || membership.waiting) continue;
      try {
        await feed(membership, membership.behind);
      } catch (error) {
        // What waited meanwhile is in the log.
        membership.waiting = null;
        throw error;
      }
      if (membership.behind) return false;
    }
    return !peer.lane.ended;
  }

  return {
    follow(membership, at) {
      const { peer } = membership;
      Object.assign(membership, { at, waiting: null, behind: { at, left: null, kept: nothingKept() } });
      if (peer.outgoing.slow) return;
      peer.outgoing.slow = true;
      watch(peer);
    },
    begin(peer) {
      for (const { room, served } of peer.memberships.values())
        if (served.slow === 'close') return drop(peer, 4008, `too slow for ${room}`);
      for (const membership of peer.memberships.values()) {
        if (membership.waiting) continue;
        hub.fallBehind(membership);
        tell(peer, { type: 'lag', room: membership.room });
      }
      watch(peer);
    },
    room(peer) {
      if (peer.transport.buffered() <= limit / 4) return null;
      return new Promise((resolve) => {
        whenRead(peer, resolve);
      });
    },
  };
}
