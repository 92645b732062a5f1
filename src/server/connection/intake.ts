// The way from the bytes of a connection to frames in its queue. Sizes, scans, shapes and the rate of frames
// are checked here.
import { closeCodes } from '../../protocol/codes.js';
import { isLarger } from '../../protocol/bytes.js';
import type { Codec, Encoded } from '../../protocol/codec.js';
import type { ClientFrame } from '../../protocol/frames.js';
import { maxFlight } from '../../protocol/limits.js';
import { Malformed, parseClientFrame } from '../../protocol/parse.js';
import { dispatchFrame } from '../frames/dispatch.js';
import type { ExceededRate } from '../rooms/too-fast.js';
import { refuseTooFast } from '../frames/rate-limited.js';
import { queueFrame } from '../delivery/queue-frame.js';
import type { Peer } from '../members/peer.js';
import type { FrameQueue } from './frame-queue.js';
import type { SessionEvent, SessionState } from './session-machine.js';
import type { FrameContext } from '../frames/context.js';
import { memorySizeOf } from '../util/memory-size.js';
import type { MaybePromise } from '../util/maybe-promise.js';

/** A connection whose bytes are read. */
export interface IntakePeer extends Peer {
  readonly frameQueue: FrameQueue<ClientFrame>;
  readonly state: SessionState;
  /** Takes a step of the session's machine. */
  advance(event: SessionEvent): void;
}

export interface Intake {
  /** Reads a message of an open connection. Never throws. */
  readMessage(peer: IntakePeer, codec: Codec, data: Encoded): void;
  /** Counts pings and pongs of the transport's own. Never throws. */
  countControls(peer: IntakePeer, count: number): void;
  /** Handles a frame when its turn has come. */
  runFrame(peer: IntakePeer, frame: ClientFrame): MaybePromise<void>;
}

/**
 * The memory that a frame may take for each of its bytes on the wire. A frame that takes more counts for the
 * memory.
 */
const memoryBytesPerWireByte = 8;

export function createIntake(context: FrameContext, failed: (error: unknown) => void): Intake {
  const { settings, meter, monotonicNow } = context;
  const { limits } = settings;
  /** The frames that came too fast, with the rate that they exceeded. */
  const tooFastFrames = new WeakMap<ClientFrame, ExceededRate>();

  /**
   * Closes a connection that goes on too fast after it was told to wait. Frames that were on their way when
   * it was told are no offence.
   */
  function closeIfAbusive(peer: IntakePeer): boolean {
    if (peer.bucket.refusedCount <= limits.rate * 2 + maxFlight) return false;
    peer.drop(closeCodes['rate-limited'], 'too fast for too long');
    return true;
  }

  /**
   * Counts a frame that gets no answer. Returns false if it was one too many, and the connection was closed.
   */
  const countUnanswered = (peer: IntakePeer): boolean =>
    peer.bucket.take(monotonicNow()) === 0 || !closeIfAbusive(peer);

  /** Decodes a message. Returns null if it is malformed, and the connection was closed. */
  function decodeFrames(peer: IntakePeer, codec: Codec, data: Encoded): ClientFrame[] | null {
    try {
      if (!isLarger(data, limits.frame)) {
        const tuples = codec.decode(data, limits.frame);
        const frames = tuples.flatMap((tuple) => parseClientFrame(tuple) ?? []);
        // Frames of an unknown kind count as well: they were read.
        for (let unknownCount = Math.max(tuples.length, 1) - frames.length; unknownCount > 0; unknownCount--)
          if (!countUnanswered(peer)) return null;
        return frames;
      }
      peer.drop(closeCodes['too-big'], `at most ${limits.frame} bytes`);
    } catch (error) {
      if (!(error instanceof Malformed)) failed(error);
      peer.drop(
        closeCodes['bad-frame'],
        error instanceof Malformed ? error.message : 'a message that could not be read',
      );
    }
    return null;
  }

  /**
   * Measures the round trip of a ping. The time at which it was sent is the client's word, so an impossible
   * one is ignored.
   */
  function measurePing(sentAt: number): void {
    const roundTripMs = context.now() - sentAt;
    if (roundTripMs >= 0 && roundTripMs <= settings.heartbeat.interval + settings.heartbeat.timeout)
      meter.pongReceived(roundTripMs);
  }

  return {
    runFrame(peer, frame) {
      const waitMs = tooFastFrames.get(frame);
      return waitMs === undefined
        ? dispatchFrame(frame, peer, context)
        : refuseTooFast(frame, peer, waitMs, context);
    },
    countControls(peer, count) {
      peer.advance({ type: 'heard' });
      for (let remaining = count; remaining > 0 && countUnanswered(peer); remaining--);
    },
    readMessage(peer, codec, data) {
      const frames = decodeFrames(peer, codec, data);
      if (!frames) return;
      const now = monotonicNow();
      const bytesPerFrame = Math.ceil(codec.size(data) / frames.length);
      for (const frame of frames) {
        // Of many frames in one message the first one proves that the client lives.
        if (frame === frames[0] || frame.type === 'hello' || peer.state.status !== 'live')
          peer.advance({ type: frame.type === 'hello' ? 'hello' : 'frame' });
        if (peer.state.status === 'closed') return;
        const waitMs = peer.bucket.take(now);
        if (waitMs > 0) {
          if (closeIfAbusive(peer)) return;
          const isSign = frame.type === 'ping' || frame.type === 'pong';
          // A connection that pays for refusals still lives.
          if (isSign && !peer.bucket.isInDebt) continue;
          if (!isSign) tooFastFrames.set(frame, { waitMs, perSecond: peer.bucket.rate });
        }
        // A ping asks whether the link lives, and not whether a handler is done: it is answered at once.
        if (frame.type === 'pong') measurePing(frame.time);
        if (frame.type === 'ping' && peer.state.status === 'live') {
          queueFrame(peer, { type: 'pong', time: frame.time, spread: context.reconnectSpreadMs() });
          peer.advance({ type: 'pinged' });
        } else if (
          !peer.frameQueue.push(
            frame,
            peer.frameQueue.isBusy
              ? Math.max(bytesPerFrame, memorySizeOf(frame) / memoryBytesPerWireByte)
              : bytesPerFrame,
          )
        )
          return peer.drop(closeCodes['rate-limited'], 'too much waits to be handled');
      }
      // A message of unknown frames still proves that the client lives.
      if (frames.length === 0) peer.advance({ type: 'frame' });
    },
  };
}
