// Readers that are slower than what happens: nothing more is pushed to them until they have read what waits, then the log feeds them, a portion at a time.
import { BrokerUnavailable, type Broker } from '../broker/broker.js';
import type { MemberTuple } from '../../protocol/frames.js';
import { presenceFrames, type Hub } from './hub.js';
import type { Listing } from './member-list.js';
import type { Position } from '../../protocol/position.js';
import { queueFrame, queueFrameAndMeasure } from './queue-frame.js';
import { isHere, type Behind, type Reader, type Receiver } from './receiver.js';
import type { ServerPorts } from '../ports/ports.js';
import { measured, readAtOnce } from '../util/frame-splitting.js';
import { nothingKept } from './broadcast-backlog.js';

export interface SlowReaders {
  /** A connection has more waiting than it should: its rooms are told that they lag. */
  begin(peer: Reader): void;
  /** A member has its place in a room, but not all that the log has behind `at`: that comes as it reads. */
  follow(receiver: Receiver, at: Position): void;
  /** Tells a member who is in the room, from a piece of the list on, as it reads. */
  list(receiver: Receiver, from: Listing): void;
  /** Before an answer that may be long: what resolves once the connection has read most of what waits for it, or is over. Null where little waits. */
  room(peer: Reader): Promise<void> | null;
}

interface World extends Pick<ServerPorts, 'after' | 'steady'> {
  readonly broker: Broker;
  readonly hub: Hub;
  /** Bytes that may wait for one connection. */
  readonly limit: number;
  readonly failed: (error: unknown) => void;
}

/** How often a slow reader is looked at, in ms. */
const look = 100;
/** How long one may read nothing before it is given up, in ms. */
const patience = 30_000;

const touchedOf = (behind: Behind): Behind['touched'] => behind.touched;

export function createSlowReaders({ broker, hub, limit, after, steady, failed }: World): SlowReaders {
  /** It joins again, and learns what is missing. */
  function again(receiver: Receiver, why: string): void {
    Object.assign(receiver, { waiting: null, behind: null, at: null });
    queueFrame(receiver.peer, { type: 'reset', room: receiver.room, why });
  }

  /** Entries from the log until enough waits again. Whether it has them all. */
  async function feed(receiver: Receiver, behind: Behind): Promise<void> {
    const { peer, room } = receiver;
    // From here on nothing passes by: what the log does not have yet waits.
    receiver.waiting = [];
    const page = await broker.read(room, { after: behind.at, limit: readAtOnce, bytes: limit / 4 });
    if (!isHere(receiver)) return;
    if ('why' in page) return again(receiver, page.why);
    let fed = 0;
    for (const entry of page.entries) {
      if (fed > limit / 2) break;
      fed += queueFrameAndMeasure(peer, { type: 'message', room, entry });
      behind.at = { epoch: page.epoch, offset: entry[0], tag: entry[1] };
    }
    if (behind.at.offset < page.top.offset) {
      receiver.waiting = null;
      return;
    }
    // Looked at anew: more may have changed while the log was read.
    const touched = touchedOf(behind);
    if (touched === 'many') return again(receiver, 'unavailable');
    if (touched && !tellTouched(receiver, touched)) {
      receiver.waiting = null;
      return;
    }
    hub.go(receiver, behind.at);
  }

  /** What became of members that came, left or changed while the reader was behind, as much as it takes at once. Whether that is all. */
  function tellTouched({ room, peer }: Receiver, touched: Set<string>): boolean {
    const roster = hub.known(room);
    const joined: MemberTuple[] = [];
    const left: string[] = [];
    let bytes = 0;
    for (const id of touched) {
      if (bytes > limit / 4) break;
      touched.delete(id);
      const member = roster?.get(id);
      bytes += measured(member ?? id).bytes;
      if (member) joined.push(member);
      else left.push(id);
    }
    for (const frame of presenceFrames(room, joined, left, [])) queueFrame(peer, frame);
    return touched.size === 0;
  }

  /** Tells a member who is in the room, a piece after the other as it reads, at most so many bytes at once. */
  function list(receiver: Receiver, most: number): void {
    const { peer, room, listing, outgoing } = receiver;
    for (let told = 0; listing && isHere(receiver);) {
      const piece = hub.known(room)?.next(listing);
      if (!piece) break;
      if (told + piece.bytes > most || peer.transport.buffered() > limit / 4) {
        whenRead(peer, () => {
          list(receiver, Math.max(piece.bytes, limit / 4));
        });
        return;
      }
      listing.told = piece.serial;
      told += piece.bytes;
      outgoing.settle();
      for (const encode of piece.frames) outgoing.push(encode(outgoing.codec));
    }
    receiver.listing = null;
  }

  /**
   * Calls once few bytes wait for a connection, or it is over. One that reads nothing meanwhile is given up. `before`: what waited at the last look. It reads where less waits than
   * at the look before, even though more was written since an earlier one.
   */
  function whenRead(peer: Reader, call: () => void, before = Infinity, since = steady()): void {
    after(look, () => {
      const waits = peer.transport.buffered();
      const now = steady();
      if (peer.ended || waits <= limit / 4) return call();
      if (waits < before || now - since < patience)
        return whenRead(peer, call, waits, waits < before ? now : since);
      peer.drop(4008, 'nothing was read');
      call();
    });
  }

  /** Feeds whoever has read what waited, and gives up whoever reads nothing. */
  function watch(peer: Reader): void {
    whenRead(peer, () => {
      if (peer.ended) return;
      round(peer).then(
        (done) => {
          if (done) peer.outgoing.slow = false;
          else watch(peer);
        },
        (error: unknown) => {
          if (error instanceof BrokerUnavailable) return watch(peer);
          failed(error);
          peer.drop(1011, 'the log could not be read');
        },
      );
    });
  }

  /** Whether every room is live again. */
  async function round(peer: Reader): Promise<boolean> {
    for (const receiver of peer.memberships.values()) {
      if (!receiver.behind || receiver.waiting) continue;
      try {
        await feed(receiver, receiver.behind);
      } catch (error) {
        // What waited meanwhile is in the log.
        receiver.waiting = null;
        throw error;
      }
      if (receiver.behind) return false;
    }
    return !peer.ended;
  }

  return {
    follow(receiver, at) {
      const { peer } = receiver;
      Object.assign(receiver, { at, waiting: null, behind: { at, touched: null, kept: nothingKept() } });
      if (peer.outgoing.slow) return;
      peer.outgoing.slow = true;
      watch(peer);
    },
    begin(peer) {
      for (const { room, served } of peer.memberships.values())
        if (served.slow === 'close') return peer.drop(4008, `too slow for ${room}`);
      for (const receiver of peer.memberships.values()) {
        if (receiver.waiting) continue;
        hub.fallBehind(receiver);
        queueFrame(peer, { type: 'lag', room: receiver.room });
      }
      watch(peer);
    },
    list(receiver, listing) {
      receiver.listing = listing;
      list(receiver, limit / 2);
    },
    room(peer) {
      if (peer.transport.buffered() <= limit / 4) return null;
      return new Promise((resolve) => {
        whenRead(peer, resolve);
      });
    },
  };
}
