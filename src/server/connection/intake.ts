// From a connection's bytes to frames in its lane: sizes, scans and shapes are checked here, and how fast they come.
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
  /** Something happened in the connection's life. */
  advance(event: SessionEvent): void;
}

export interface Intake {
  /** A message of a connection that is there. Never throws. */
  readMessage(peer: IntakePeer, codec: Codec, data: Encoded): void;
  /** A frame of the transport's own. Never throws. */
  countControls(peer: IntakePeer, count: number): void;
  /** What the lane does with a frame when its turn has come. */
  runFrame(peer: IntakePeer, frame: ClientFrame): MaybePromise<void>;
}

/** What plain data costs in memory, at most, for each of its bytes on the wire; beyond that it counts for what it costs. */
const memoryBytesPerWireByte = 8;

export function createIntake(context: FrameContext, failed: (error: unknown) => void): Intake {
  const { settings, meter, monotonicNow } = context;
  const { limits } = settings;
  /** Frames that came faster than they may, and what they may be told. */
  const tooFastFrames = new WeakMap<ClientFrame, ExceededRate>();

  /** What was in flight when it was asked to wait is no offence; what comes after that is. */
  function closeIfAbusive(peer: IntakePeer): boolean {
    if (peer.bucket.refusedCount <= limits.rate * 2 + maxFlight) return false;
    peer.drop(closeCodes['rate-limited'], 'too fast for too long');
    return true;
  }

  /** Counts what asks for no answer. False where it was one too many, and the connection was closed for it. */
  const countUnanswered = (peer: IntakePeer): boolean =>
    peer.bucket.take(monotonicNow()) === 0 || !closeIfAbusive(peer);

  /** Its frames, or null where they are none and the connection was closed for it. */
  function decodeFrames(peer: IntakePeer, codec: Codec, data: Encoded): ClientFrame[] | null {
    try {
      if (!isLarger(data, limits.frame)) {
        const tuples = codec.decode(data, limits.frame);
        const frames = tuples.flatMap((tuple) => parseClientFrame(tuple) ?? []);
        // What means nothing to us was read all the same.
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

  /** How long a ping took, if that can be: the time is what the client says it was sent. */
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
        // Of many in one message the first proves life.
        if (frame === frames[0] || frame.type === 'hello' || peer.state.status !== 'live')
          peer.advance({ type: frame.type === 'hello' ? 'hello' : 'frame' });
        if (peer.state.status === 'closed') return;
        const waitMs = peer.bucket.take(now);
        if (waitMs > 0) {
          if (closeIfAbusive(peer)) return;
          const isSign = frame.type === 'ping' || frame.type === 'pong';
          // A connection that pays for refusals lives all the same.
          if (isSign && !peer.bucket.isInDebt) continue;
          if (!isSign) tooFastFrames.set(frame, { waitMs, perSecond: peer.bucket.rate });
        }
        // A ping asks whether the link lives, not whether a handler is done.
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
      // Where nothing was a frame we know, it still proves life.
      if (frames.length === 0) peer.advance({ type: 'frame' });
    },
  };
}
