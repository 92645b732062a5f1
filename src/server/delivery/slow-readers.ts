// Readers that are slower than the events of their rooms. Nothing more is pushed to them until they have read
// what waits. Then the log feeds them, a portion at a time.
import { closeCodes } from '../../protocol/codes.js';
import type { MemberTuple } from '../../protocol/frames.js';
import type { Position } from '../../protocol/position.js';
import { BrokerUnavailable, type Broker } from '../broker/broker.js';
import type { ServerPorts } from '../ports/ports.js';
import { maxEntriesPerRead, measureItem } from '../util/frame-splitting.js';
import { emptyBacklog } from './broadcast-backlog.js';
import type { Hub } from './hub.js';
import type { ListProgress } from './member-list.js';
import { presenceFrames } from './presence-diff.js';
import { queueFrame, queueFrameAndMeasure } from './queue-frame.js';
import { isHere, type BehindState, type Reader, type Receiver } from './receiver.js';

export interface SlowReaderContext extends Pick<ServerPorts, 'setTimer' | 'monotonicNow'> {
  readonly broker: Broker;
  readonly hub: Hub;
  /** The bytes that may wait for one connection. */
  readonly limitBytes: number;
  readonly failed: (error: unknown) => void;
}

/** How often a slow reader is checked, in ms. */
const checkEveryMs = 100;
/** How long a reader may read nothing before its connection is closed, in ms. */
const readTimeoutMs = 30_000;

const touchedOf = (behind: BehindState): BehindState['touched'] => behind.touched;

/** Makes the member join again, and so learn what it misses. */
function resetMember(receiver: Receiver, why: string): void {
  receiver.heldFrames = null;
  receiver.behind = null;
  receiver.at = null;
  queueFrame(receiver.peer, { type: 'reset', room: receiver.room, why });
}

export class SlowReaders {
  private readonly context: SlowReaderContext;
  /** The bytes that wait for a reader that counts as having read. */
  private readonly readBytes: number;

  constructor(context: SlowReaderContext) {
    this.context = context;
    this.readBytes = context.limitBytes / 4;
  }

  /** More waits for the connection than should: its rooms are told `lag`, and their events pass it by. */
  fallBehind(reader: Reader): void {
    for (const { room, served } of reader.memberships.values())
      if (served.slow === 'close') return reader.drop(closeCodes.slow, `too slow for ${room}`);
    for (const receiver of reader.memberships.values()) {
      if (receiver.heldFrames) continue;
      this.context.hub.fallBehind(receiver);
      queueFrame(reader, { type: 'lag', room: receiver.room });
    }
    this.watchReader(reader);
  }

  /** The member has its place in the room, but not every entry after `at`: the log feeds it as it reads. */
  followLog(receiver: Receiver, at: Position): void {
    const { peer } = receiver;
    receiver.at = at;
    receiver.heldFrames = null;
    receiver.behind = { at, touched: null, backlog: emptyBacklog() };
    if (peer.sendQueue.isSlow) return;
    peer.sendQueue.isSlow = true;
    this.watchReader(peer);
  }

  /** Tells the member who is in the room, from a piece of the list on, as it reads. */
  listMembers(receiver: Receiver, from: ListProgress): void {
    receiver.listProgress = from;
    this.sendMemberList(receiver, this.context.limitBytes / 2);
  }

  /**
   * Resolves once the connection has read most of what waits for it, or is over. Null if little waits.
   * Awaited before an answer that may be long.
   */
  whenRead(reader: Reader): Promise<void> | null {
    if (reader.transport.buffered() <= this.readBytes) return null;
    return new Promise((resolve) => {
      this.callWhenRead(reader, resolve);
    });
  }

  /** Feeds the reader once it has read what waited. */
  private watchReader(reader: Reader): void {
    this.callWhenRead(reader, () => {
      if (reader.isEnded) return;
      this.feedRooms(reader).then(
        (isDone) => {
          if (isDone) reader.sendQueue.isSlow = false;
          else this.watchReader(reader);
        },
        (error: unknown) => {
          if (error instanceof BrokerUnavailable) return this.watchReader(reader);
          this.context.failed(error);
          reader.drop(closeCodes.internal, 'the log could not be read');
        },
      );
    });
  }

  /**
   * Calls back once few bytes wait for the connection, or it is over. Closes a connection that reads nothing.
   *
   * `waitingBefore`: the bytes that waited at the last check. The connection reads if fewer wait now, even if
   * more was written since an earlier check.
   */
  private callWhenRead(
    reader: Reader,
    callback: () => void,
    waitingBefore = Infinity,
    readSince: number = this.context.monotonicNow(),
  ): void {
    const { setTimer, monotonicNow } = this.context;
    setTimer(checkEveryMs, () => {
      const waitingBytes = reader.transport.buffered();
      const now = monotonicNow();
      if (reader.isEnded || waitingBytes <= this.readBytes) return callback();
      const hasRead = waitingBytes < waitingBefore;
      if (hasRead || now - readSince < readTimeoutMs)
        return this.callWhenRead(reader, callback, waitingBytes, hasRead ? now : readSince);
      reader.drop(closeCodes.slow, 'nothing was read');
      callback();
    });
  }

  /** Feeds every room of the reader. Returns whether all of them are live again. */
  private async feedRooms(reader: Reader): Promise<boolean> {
    for (const receiver of reader.memberships.values()) {
      if (!receiver.behind || receiver.heldFrames) continue;
      try {
        await this.feedFromLog(receiver, receiver.behind);
      } catch (error) {
        // The frames that were held meanwhile are in the log.
        receiver.heldFrames = null;
        throw error;
      }
      if (receiver.behind) return false;
    }
    return !reader.isEnded;
  }

  /** Queues entries from the log, until enough waits again or the member has them all. */
  private async feedFromLog(receiver: Receiver, behind: BehindState): Promise<void> {
    const { broker, hub, limitBytes } = this.context;
    const { peer, room } = receiver;
    // From now on no event passes the member by: what the log does not have yet is held.
    receiver.heldFrames = [];
    const range = { after: behind.at, limit: maxEntriesPerRead, bytes: limitBytes / 4 };
    const page = await broker.read(room, range);
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
    const touched = touchedOf(behind);
    if (touched === 'many') return resetMember(receiver, 'unavailable');
    if (touched && !this.tellTouched(receiver, touched)) {
      receiver.heldFrames = null;
      return;
    }
    hub.goLive(receiver, behind.at);
  }

  /**
   * Tells what became of members that came, left or changed while the reader was behind, as much as it takes
   * at once. Returns whether that was all.
   */
  private tellTouched({ room, peer }: Receiver, touched: Set<string>): boolean {
    const { hub, limitBytes } = this.context;
    const memberList = hub.knownMemberList(room);
    const joined: MemberTuple[] = [];
    const left: string[] = [];
    let bytes = 0;
    for (const id of touched) {
      if (bytes > limitBytes / 4) break;
      touched.delete(id);
      const member = memberList?.get(id);
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
  private sendMemberList(receiver: Receiver, maxBytes: number): void {
    const { hub, limitBytes } = this.context;
    const { peer, room, listProgress, sendQueue } = receiver;
    for (let toldBytes = 0; listProgress && isHere(receiver);) {
      const piece = hub.knownMemberList(room)?.nextPiece(listProgress);
      if (!piece) break;
      if (toldBytes + piece.bytes > maxBytes || peer.transport.buffered() > this.readBytes) {
        this.callWhenRead(peer, () => {
          this.sendMemberList(receiver, Math.max(piece.bytes, limitBytes / 4));
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
}
