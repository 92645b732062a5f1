// From a connection's bytes to frames in its lane: sizes, scans and shapes are checked here, and how fast they come.
import { isLarger } from '../../protocol/bytes.js';
import type { Codec, Encoded } from '../../protocol/codec.js';
import type { ClientFrame } from '../../protocol/frames.js';
import { maxFlight } from '../../protocol/limits.js';
import { Malformed, parseClientFrame } from '../../protocol/parse.js';
import { handle } from '../frames/dispatch.js';
import type { TooFast } from '../frames/refuse-frame.js';
import { tooFast } from '../frames/rate-limited.js';
import { queueFrame } from '../delivery/queue-frame.js';
import type { Peer } from '../members/peer.js';
import type { Lane } from './frame-queue.js';
import type { SessionEvent, SessionState } from './session-machine.js';
import type { Services } from '../frames/context.js';
import { weightOf } from '../util/memory-size.js';
import type { MaybePromise } from '../util/maybe-promise.js';

/** A connection whose bytes are read. */
export interface IntakePeer extends Peer {
  readonly lane: Lane<ClientFrame>;
  readonly state: SessionState;
  /** Something happened in the connection's life. */
  advance(event: SessionEvent): void;
}

export interface Intake {
  /** A message of a connection that is there. Never throws. */
  read(peer: IntakePeer, codec: Codec, data: Encoded): void;
  /** A frame of the transport's own. Never throws. */
  control(peer: IntakePeer, count: number): void;
  /** What the lane does with a frame when its turn has come. */
  run(peer: IntakePeer, frame: ClientFrame): MaybePromise<void>;
}

/** What plain data costs in memory, at most, for each of its bytes on the wire; beyond that it counts for what it costs. */
const ordinary = 8;

export function createIntake(services: Services, failed: (error: unknown) => void): Intake {
  const { settings, meter, steady } = services;
  const { limits } = settings;
  /** Frames that came faster than they may, and what they may be told. */
  const early = new WeakMap<ClientFrame, TooFast>();

  /** What was in flight when it was asked to wait is no offence; what comes after that is. */
  function offends(peer: IntakePeer): boolean {
    if (peer.bucket.refused <= limits.rate * 2 + maxFlight) return false;
    peer.drop(4429, 'too fast for too long');
    return true;
  }

  /** Counts what asks for no answer. False where it was one too many, and the connection was closed for it. */
  const spent = (peer: IntakePeer): boolean => peer.bucket.take(steady()) === 0 || !offends(peer);

  /** Its frames, or null where they are none and the connection was closed for it. */
  function framesOf(peer: IntakePeer, codec: Codec, data: Encoded): ClientFrame[] | null {
    try {
      if (!isLarger(data, limits.frame)) {
        const tuples = codec.decode(data, limits.frame);
        const frames = tuples.flatMap((tuple) => parseClientFrame(tuple) ?? []);
        // What means nothing to us was read all the same.
        for (let nothing = Math.max(tuples.length, 1) - frames.length; nothing > 0; nothing--)
          if (!spent(peer)) return null;
        return frames;
      }
      peer.drop(1009, `at most ${limits.frame} bytes`);
    } catch (error) {
      if (!(error instanceof Malformed)) failed(error);
      peer.drop(4400, error instanceof Malformed ? error.message : 'a message that could not be read');
    }
    return null;
  }

  /** How long a ping took, if that can be: the time is what the client says it was sent. */
  function measure(sent: number): void {
    const took = services.now() - sent;
    if (took >= 0 && took <= settings.heartbeat.interval + settings.heartbeat.timeout) meter.ponged(took);
  }

  return {
    run(peer, frame) {
      const wait = early.get(frame);
      return wait === undefined ? handle(frame, peer, services) : tooFast(frame, peer, wait, services);
    },
    control(peer, count) {
      peer.advance({ type: 'heard' });
      for (let left = count; left > 0 && spent(peer); left--);
    },
    read(peer, codec, data) {
      const frames = framesOf(peer, codec, data);
      if (!frames) return;
      const now = steady();
      const share = Math.ceil(codec.size(data) / frames.length);
      for (const frame of frames) {
        // Of many in one message the first proves life.
        if (frame === frames[0] || frame.type === 'hello' || peer.state.status !== 'live')
          peer.advance({ type: frame.type === 'hello' ? 'hello' : 'frame' });
        if (peer.state.status === 'closed') return;
        const wait = peer.bucket.take(now);
        if (wait > 0) {
          if (offends(peer)) return;
          const isSign = frame.type === 'ping' || frame.type === 'pong';
          // A connection that pays for refusals lives all the same.
          if (isSign && !peer.bucket.owes) continue;
          if (!isSign) early.set(frame, { wait, rate: peer.bucket.rate });
        }
        // A ping asks whether the link lives, not whether a handler is done.
        if (frame.type === 'pong') measure(frame.time);
        if (frame.type === 'ping' && peer.state.status === 'live') {
          queueFrame(peer, { type: 'pong', time: frame.time, spread: services.spread() });
          peer.advance({ type: 'pinged' });
        } else if (
          !peer.lane.push(frame, peer.lane.busy ? Math.max(share, weightOf(frame) / ordinary) : share)
        )
          return peer.drop(4429, 'too much waits to be handled');
      }
      // Where nothing was a frame we know, it still proves life.
      if (frames.length === 0) peer.advance({ type: 'frame' });
    },
  };
}
