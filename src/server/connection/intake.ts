// The way from the bytes of a connection to frames in its queue. Sizes, scans, shapes and the rate of frames
// are checked here.
import { isLarger } from '../../protocol/bytes.js';
import type { Codec, Encoded } from '../../protocol/codec.js';
import { closeCodes } from '../../protocol/codes.js';
import type { ClientFrame } from '../../protocol/frames.js';
import { maxFlight } from '../../protocol/limits.js';
import { Malformed, parseClientFrame } from '../../protocol/parse.js';
import { queueFrame } from '../delivery/queue-frame.js';
import type { FrameContext } from '../frames/context.js';
import { dispatchFrame } from '../frames/dispatch.js';
import { refuseTooFast } from '../frames/rate-limited.js';
import type { Peer } from '../members/peer.js';
import type { ExceededRate } from '../rooms/too-fast.js';
import type { MaybePromise } from '../util/maybe-promise.js';
import { memorySizeOf } from '../util/memory-size.js';
import type { FrameQueue } from './frame-queue.js';
import type { SessionEvent, SessionState } from './session-machine.js';

/** A connection whose bytes are read. */
export interface IntakePeer extends Peer {
  readonly frameQueue: FrameQueue<ClientFrame>;
  readonly state: SessionState;
  /** Takes a step of the session's machine. */
  advance(event: SessionEvent): void;
}

/**
 * The memory that a frame may take for each of its bytes on the wire. A frame that takes more counts for the
 * memory.
 */
const memoryBytesPerWireByte = 8;

export class Intake {
  private readonly context: FrameContext;
  private readonly failed: (error: unknown) => void;
  /** The frames that came too fast, with the rate that they exceeded. */
  private readonly tooFastFrames = new WeakMap<ClientFrame, ExceededRate>();

  constructor(context: FrameContext, failed: (error: unknown) => void) {
    this.context = context;
    this.failed = failed;
  }

  /** Handles a frame when its turn has come. */
  runFrame(peer: IntakePeer, frame: ClientFrame): MaybePromise<void> {
    const exceeded = this.tooFastFrames.get(frame);
    return exceeded === undefined
      ? dispatchFrame(frame, peer, this.context)
      : refuseTooFast(frame, peer, exceeded, this.context);
  }

  /** Counts pings and pongs of the transport's own. Never throws. */
  countControls(peer: IntakePeer, count: number): void {
    peer.advance({ type: 'heard' });
    for (let remaining = count; remaining > 0 && this.countUnanswered(peer); remaining--);
  }

  /** Reads a message of an open connection. Never throws. */
  readMessage(peer: IntakePeer, codec: Codec, data: Encoded): void {
    const frames = this.decodeFrames(peer, codec, data);
    if (!frames) return;
    const now = this.context.monotonicNow();
    const bytesPerFrame = Math.ceil(codec.size(data) / frames.length);
    for (const frame of frames) {
      // Of many frames in one message the first one proves that the client lives.
      if (frame === frames[0] || frame.type === 'hello' || peer.state.status !== 'live')
        peer.advance({ type: frame.type === 'hello' ? 'hello' : 'frame' });
      if (peer.state.status === 'closed') return;
      const verdict = this.takeToken(peer, frame, now);
      if (verdict === 'closed') return;
      if (verdict === 'taken' && !this.takeFrame(peer, frame, bytesPerFrame)) return;
    }
    // A message of unknown frames still proves that the client lives.
    if (frames.length === 0) peer.advance({ type: 'frame' });
  }

  /** Counts a frame. A frame that came too fast is taken all the same, and refused when its turn has come. */
  private takeToken(peer: IntakePeer, frame: ClientFrame, now: number): 'taken' | 'ignored' | 'closed' {
    const { bucket } = peer;
    const waitMs = bucket.take(now);
    if (waitMs === 0) return 'taken';
    if (this.closeIfAbusive(peer)) return 'closed';
    const isSign = frame.type === 'ping' || frame.type === 'pong';
    if (!isSign) this.tooFastFrames.set(frame, { waitMs, perSecond: bucket.rate });
    // A connection that pays for refusals still lives.
    return isSign && !bucket.isInDebt ? 'ignored' : 'taken';
  }

  /** Answers a ping, or queues a frame. Returns false if too much waits, and the connection was closed. */
  private takeFrame(peer: IntakePeer, frame: ClientFrame, bytesOnWire: number): boolean {
    if (frame.type === 'pong') this.measurePing(frame.time);
    if (frame.type === 'ping' && peer.state.status === 'live') {
      // P18 of PROTOCOL.md: a ping asks for the life of the link, so it does not wait for handlers.
      const spread = this.context.reconnectSpreadMs();
      queueFrame(peer, { type: 'pong', time: frame.time, spread });
      peer.advance({ type: 'pinged' });
      return true;
    }
    const bytes = peer.frameQueue.isBusy
      ? Math.max(bytesOnWire, memorySizeOf(frame) / memoryBytesPerWireByte)
      : bytesOnWire;
    if (peer.frameQueue.push(frame, bytes)) return true;
    peer.drop(closeCodes['rate-limited'], 'too much waits to be handled');
    return false;
  }

  /** Decodes a message. Returns null if it is malformed, and the connection was closed. */
  private decodeFrames(peer: IntakePeer, codec: Codec, data: Encoded): ClientFrame[] | null {
    const { limits } = this.context.settings;
    try {
      if (!isLarger(data, limits.frame)) {
        const tuples = codec.decode(data, limits.frame);
        const frames = tuples.flatMap((tuple) => parseClientFrame(tuple) ?? []);
        // Frames of an unknown kind count as well, and so does a message without a frame: they were read.
        const unknownCount = Math.max(tuples.length, 1) - frames.length;
        for (let remaining = unknownCount; remaining > 0; remaining--)
          if (!this.countUnanswered(peer)) return null;
        return frames;
      }
      peer.drop(closeCodes['too-big'], `at most ${limits.frame} bytes`);
    } catch (error) {
      const isMalformed = error instanceof Malformed;
      if (!isMalformed) this.failed(error);
      const reason = isMalformed ? error.message : 'a message that could not be read';
      peer.drop(closeCodes['bad-frame'], reason);
    }
    return null;
  }

  /**
   * Counts a frame that gets no answer. Returns false if it was one too many, and the connection was closed.
   */
  private countUnanswered(peer: IntakePeer): boolean {
    return peer.bucket.take(this.context.monotonicNow()) === 0 || !this.closeIfAbusive(peer);
  }

  /**
   * Closes a connection that goes on too fast after it was told to wait. Frames that were on their way when
   * it was told are no offence.
   */
  private closeIfAbusive(peer: IntakePeer): boolean {
    const { rate } = this.context.settings.limits;
    if (peer.bucket.refusedCount <= rate * 2 + maxFlight) return false;
    peer.drop(closeCodes['rate-limited'], 'too fast for too long');
    return true;
  }

  /**
   * Measures the round trip of a ping. The time at which it was sent is the client's word, so an impossible
   * one is ignored.
   */
  private measurePing(sentAt: number): void {
    const { settings, meter, now } = this.context;
    const roundTripMs = now() - sentAt;
    const maxMs = settings.heartbeat.interval + settings.heartbeat.timeout;
    if (roundTripMs >= 0 && roundTripMs <= maxMs) meter.pongReceived(roundTripMs);
  }
}
