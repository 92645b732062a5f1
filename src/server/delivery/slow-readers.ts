// Readers that are slower than the events of their rooms. Nothing more is pushed to them until they have read
// what waits. Then the log feeds them, a portion at a time.
import { closeCodes } from '../../protocol/codes.js';
import { BrokerUnavailable, type Broker } from '../broker/broker.js';
import type { MemberTuple } from '../../protocol/frames.js';
import { presenceFrames, type Hub } from './hub.js';
import type { ListProgress } from './member-list.js';
import type { Position } from '../../protocol/position.js';
import { queueFrame, queueFrameAndMeasure } from './queue-frame.js';
import { isHere, type BehindState, type Reader, type Receiver } from './receiver.js';
import type { ServerPorts } from '../ports/ports.js';
import { measureItem, maxEntriesPerRead } from '../util/frame-splitting.js';
import { emptyBacklog } from './broadcast-backlog.js';

export interface SlowReaders {
  /** More waits for the connection than should: its rooms are told `lag`, and their events pass it by. */
  fallBehind(peer: Reader): void;
  /** The member has its place in the room, but not every entry after `at`: the log feeds it as it reads. */
  followLog(receiver: Receiver, at: Position): void;
  /** Tells the member who is in the room, from a piece of the list on, as it reads. */
  listMembers(receiver: Receiver, from: ListProgress): void;
  /**
   * Resolves once the connection has read most of what waits for it, or is over. Null if little waits.
   * Awaited before an answer that may be long.
   */
  whenRead(peer: Reader): Promise<void> | null;
}

interface SlowReaderContext extends Pick<ServerPorts, 'setTimer' | 'monotonicNow'> {
  readonly broker: Broker;
  readonly hub: Hub;
  /** The bytes that may wait for one connection. */
  readonly limitBytes: number;
  readonly failed: (error: unknown) => void;
}

/** How often a slow reader is checked, in ms. */
const lookEveryMs = 100;
/** How long a reader may read nothing before its connection is closed, in ms. */
const readTimeoutMs = 30_000;

const currentTouched = (behind: BehindState): BehindState['touched'] => behind.touched;

export function createSlowReaders({
  broker,
  hub,
  limitBytes,
  setTimer,
  monotonicNow,
  failed,
}: SlowReaderContext): SlowReaders {
  /** Makes the member join again, and so learn what it misses. */
  function resetMember(receiver: Receiver, why: string): void {
    receiver.heldFrames = null;
    receiver.behind = null;
    receiver.at = null;
    queueFrame(receiver.peer, { type: 'reset', room: receiver.room, why });
  }

  /** Queues entries from the log, until enough waits again or the member has them all. */
  async function feedFromLog(receiver: Receiver, behind: BehindState): Promise<void> {
    const { peer, room } = receiver;
    // From now on no event passes the member by: what the log does not have yet is held.
    receiver.heldFrames = [];
    const page = await broker.read(room, {
      after: behind.at,
      limit: maxEntriesPerRead,
      bytes: limitBytes / 4,
    });
    if (!isHere(receiver)) return;
    if ('why' in page) return resetMember(receiver, page.why);
    let fedBytes = 0;
    for (const entry of page.entries) {
      if (fedBytes > limitBytes / 2) break;
      fedBytes += queueFrameAndMeasure(peer, { type: 'message', room, entry });
      behind.at = { epoch: page.epoch, offset: entry[0], tag: entry[1] };
    }
    if (behind.at.offset < page.top.offset) {
      receiver.heldFrames = null;
      return;
    }
    // Read again: more members may have changed while the log was read.
    const touched = currentTouched(behind);
    if (touched === 'many') return resetMember(receiver, 'unavailable');
    if (touched && !tellTouched(receiver, touched)) {
      receiver.heldFrames = null;
      return;
    }
    hub.goLive(receiver, behind.at);
  }

  /**
   * Tells what became of members that came, left or changed while the reader was behind, as much as it takes
   * at once. Returns whether that was all.
   */
  function tellTouched({ room, peer }: Receiver, touched: Set<string>): boolean {
    const roster = hub.knownMemberList(room);
    const joined: MemberTuple[] = [];
    const left: string[] = [];
    let bytes = 0;
    for (const id of touched) {
      if (bytes > limitBytes / 4) break;
      touched.delete(id);
      const member = roster?.get(id);
      bytes += measureItem(member ?? id).bytes;
      if (member) joined.push(member);
      else left.push(id);
    }
    for (const frame of presenceFrames(room, joined, left, [])) queueFrame(peer, frame);
    return touched.size === 0;
  }

  /**
   * Tells the member who is in the room, one piece after the other as it reads, at most `maxBytes` at once.
   */
  function sendMemberList(receiver: Receiver, maxBytes: number): void {
    const { peer, room, listProgress, sendQueue } = receiver;
    for (let toldBytes = 0; listProgress && isHere(receiver);) {
      const piece = hub.knownMemberList(room)?.nextPiece(listProgress);
      if (!piece) break;
      if (toldBytes + piece.bytes > maxBytes || peer.transport.buffered() > limitBytes / 4) {
        callWhenRead(peer, () => {
          sendMemberList(receiver, Math.max(piece.bytes, limitBytes / 4));
        });
        return;
      }
      listProgress.toldUpTo = piece.serial;
      toldBytes += piece.bytes;
      sendQueue.queueDeferred();
      for (const encode of piece.frames) sendQueue.push(encode(sendQueue.codec));
    }
    receiver.listProgress = null;
  }

  /**
   * Calls back once few bytes wait for the connection, or it is over. Closes a connection that reads nothing.
   *
   * `waitingBefore`: the bytes that waited at the last check. The connection reads if fewer wait now, even if
   * more was written since an earlier check.
   */
  function callWhenRead(
    peer: Reader,
    call: () => void,
    waitingBefore = Infinity,
    readSince = monotonicNow(),
  ): void {
    setTimer(lookEveryMs, () => {
      const waitingBytes = peer.transport.buffered();
      const now = monotonicNow();
      if (peer.isEnded || waitingBytes <= limitBytes / 4) return call();
      if (waitingBytes < waitingBefore || now - readSince < readTimeoutMs)
        return callWhenRead(peer, call, waitingBytes, waitingBytes < waitingBefore ? now : readSince);
      peer.drop(closeCodes.slow, 'nothing was read');
      call();
    });
  }

  /** Feeds the reader once it has read what waited. */
  function watchReader(peer: Reader): void {
    callWhenRead(peer, () => {
      if (peer.isEnded) return;
      feedRooms(peer).then(
        (done) => {
          if (done) peer.sendQueue.isSlow = false;
          else watchReader(peer);
        },
        (error: unknown) => {
          if (error instanceof BrokerUnavailable) return watchReader(peer);
          failed(error);
          peer.drop(closeCodes.internal, 'the log could not be read');
        },
      );
    });
  }

  /** Feeds every room of the reader. Returns whether all of them are live again. */
  async function feedRooms(peer: Reader): Promise<boolean> {
    for (const receiver of peer.memberships.values()) {
      if (!receiver.behind || receiver.heldFrames) continue;
      try {
        await feedFromLog(receiver, receiver.behind);
      } catch (error) {
        // The frames that were held meanwhile are in the log.
        receiver.heldFrames = null;
        throw error;
      }
      if (receiver.behind) return false;
    }
    return !peer.isEnded;
  }

  return {
    followLog(receiver, at) {
      const { peer } = receiver;
      receiver.at = at;
      receiver.heldFrames = null;
      receiver.behind = { at, touched: null, backlog: emptyBacklog() };
      if (peer.sendQueue.isSlow) return;
      peer.sendQueue.isSlow = true;
      watchReader(peer);
    },
    fallBehind(peer) {
      for (const { room, served } of peer.memberships.values())
        if (served.slow === 'close') return peer.drop(closeCodes.slow, `too slow for ${room}`);
      for (const receiver of peer.memberships.values()) {
        if (receiver.heldFrames) continue;
        hub.fallBehind(receiver);
        queueFrame(peer, { type: 'lag', room: receiver.room });
      }
      watchReader(peer);
    },
    listMembers(receiver, listing) {
      receiver.listProgress = listing;
      sendMemberList(receiver, limitBytes / 2);
    },
    whenRead(peer) {
      if (peer.transport.buffered() <= limitBytes / 4) return null;
      return new Promise((resolve) => {
        callWhenRead(peer, resolve);
      });
    },
  };
}
