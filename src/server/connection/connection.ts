// A connection, as one object. Ten thousand of them may be idle, and each closure of each would cost as much
// memory as ten fields.
import type { Codec, Encoded } from '../../protocol/codec.js';
import { closeCodes } from '../../protocol/codes.js';
import type { ClientFrame } from '../../protocol/frames.js';
import type { OpenAck } from '../delivery/receiver.js';
import type { SendFlusher, SendQueue, SendPressure } from '../delivery/send-queue.js';
import { createMemberships } from '../members/joined-rooms.js';
import type { Identity, Memberships } from '../members/peer.js';
import type { RequestInfo, Transport, TransportEvents } from '../ports/ports.js';
import type { MaybePromise } from '../util/maybe-promise.js';
import { memorySizeOf } from '../util/memory-size.js';
import { noSlot, type TimedItem } from '../util/timer-wheel.js';
import { createTokenBucket, type TokenBucket } from '../util/token-bucket.js';
import type { LimitReached } from './connection-limits.js';
import { createFrameQueue, type FrameQueue, type FrameHandler } from './frame-queue.js';
import type { Intake, IntakePeer } from './intake.js';
import { newSession, type SessionEvent, type SessionState } from './session-machine.js';

/** What the server does for its connections. */
export interface ConnectionHost {
  readonly intake: Intake;
  readonly flusher: SendFlusher;
  readonly helloTimeout: number;
  /** Frames per second. */
  readonly rate: number;
  /** Whether the connection is still open for the server. */
  isOpen(peer: Connection): boolean;
  /**
   * Counts the memory of a frame that waits before hello is answered. Returns why it must not wait, or null.
   */
  holdBytes(peer: Connection, weight: number): LimitReached | null;
  slow(peer: Connection): void;
  /** Takes a step of the session's machine. */
  advance(peer: Connection, event: SessionEvent): void;
  drop(peer: Connection, code: number, reason: string): void;
  failed(error: unknown): void;
  closed(peer: Connection, code: number): void;
}

export class Connection
  implements IntakePeer, TimedItem, TransportEvents, SendPressure, FrameHandler<ClientFrame>
{
  slot: number = noSlot;
  private readonly id: number;
  readonly transport: Transport;
  readonly request: RequestInfo;
  readonly sendQueue: SendQueue;
  readonly frameQueue: FrameQueue<ClientFrame>;
  readonly memberships: Memberships = createMemberships();
  state: SessionState;
  identity: Identity | null = null;
  readonly bucket: TokenBucket;
  appendsInFlight = 0;
  appendBytesInFlight = 0;
  onAppendsSettled: (() => void) | null = null;
  openAck: OpenAck | null = null;
  tokenRenewedAt: number = -Infinity;
  reauthorizeCount = 0;
  isRevoked = false;
  watermarksAskedAt: number;
  private readonly host: ConnectionHost;

  constructor(
    host: ConnectionHost,
    id: number,
    transport: Transport,
    codec: Codec,
    request: RequestInfo,
    now: number,
  ) {
    this.host = host;
    this.id = id;
    this.transport = transport;
    this.request = request;
    this.sendQueue = host.flusher.createQueue(codec, transport, this);
    this.frameQueue = createFrameQueue(this);
    this.state = newSession(now, host.helloTimeout);
    this.bucket = createTokenBucket(host.rate, now);
    this.watermarksAskedAt = now;
  }

  get isEnded(): boolean {
    return this.frameQueue.isEnded;
  }

  get isLive(): boolean {
    return this.state.status === 'live';
  }

  advance(event: SessionEvent): void {
    this.host.advance(this, event);
  }

  startSession(expiresAt: number): void {
    this.advance({ type: 'known', expiresAt, number: this.id });
  }

  renewSession(expiresAt: number): void {
    this.advance({ type: 'renewed', expiresAt });
  }

  drop(code: number, reason: string): void {
    this.host.drop(this, code, reason);
  }

  message(data: Encoded): void {
    if (this.host.isOpen(this)) this.host.intake.readMessage(this, this.sendQueue.codec, data);
  }

  control(count: number): void {
    if (this.host.isOpen(this)) this.host.intake.countControls(this, count);
  }

  closed(code: number): void {
    this.host.closed(this, code);
  }

  isUnidentified(): boolean {
    return this.identity === null;
  }

  slow(): void {
    this.host.slow(this);
  }

  overflow(): void {
    this.drop(closeCodes.slow, 'too much waits to be read');
  }

  run(frame: ClientFrame): MaybePromise<void> {
    return this.host.intake.runFrame(this, frame);
  }

  mayWait(frame: ClientFrame): boolean {
    if (this.identity) return true;
    const limit = this.host.holdBytes(this, memorySizeOf(frame));
    if (limit) this.drop(limit.code, limit.reason);
    return limit === null;
  }

  failed(error: unknown): void {
    this.host.failed(error);
    this.drop(closeCodes.internal, 'the server failed to handle a frame');
  }
}
