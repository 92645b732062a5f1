// A connection: all that there is of it in one object, since ten thousand of them may be idle, and each closure would cost every one of them as much as a field of ten.
import type { Codec, Encoded } from '../../protocol/codec.js';
import type { ClientFrame } from '../../protocol/frames.js';
import type { NoRoom } from './connection-limits.js';
import type { Intake, IntakePeer } from './intake.js';
import { createLane, type Lane, type Work } from './frame-queue.js';
import type { Flusher, Outgoing, Pressure } from '../delivery/send-queue.js';
import { createMemberships } from '../members/joined-rooms.js';
import type { OpenReceipts } from '../delivery/receiver.js';
import type { Identity, Memberships } from '../members/peer.js';
import type { RequestInfo, Transport, TransportEvents } from '../ports/ports.js';
import type { MaybePromise } from '../util/maybe-promise.js';
import { createBucket, type Bucket } from '../util/token-bucket.js';
import { newSession, type SessionEvent, type SessionState } from './session-machine.js';
import { weightOf } from '../util/memory-size.js';
import { nowhere, type Timed } from '../util/timer-wheel.js';

/** What the server does for its connections. */
export interface ConnectionHost {
  readonly intake: Intake;
  readonly flusher: Flusher;
  readonly helloTimeout: number;
  /** Frames a second. */
  readonly rate: number;
  /** Whether it was not given up yet. */
  isThere(peer: Connection): boolean;
  /** Why what a connection said may not wait until it is known who it is; null where it may. */
  hold(peer: Connection, weight: number): NoRoom | null;
  slow(peer: Connection): void;
  /** Something happened in the connection's life. */
  advance(peer: Connection, event: SessionEvent): void;
  drop(peer: Connection, code: number, reason: string): void;
  failed(error: unknown): void;
  closed(peer: Connection, code: number): void;
}

export class Connection implements IntakePeer, Timed, TransportEvents, Pressure, Work<ClientFrame> {
  slot: number = nowhere;
  private readonly id: number;
  readonly transport: Transport;
  readonly request: RequestInfo;
  readonly outgoing: Outgoing;
  readonly lane: Lane<ClientFrame>;
  readonly memberships: Memberships = createMemberships();
  state: SessionState;
  identity: Identity | null = null;
  readonly bucket: Bucket;
  flying = 0;
  flyingWeight = 0;
  landed: (() => void) | null = null;
  acks: OpenReceipts | null = null;
  renewedAt: number = -Infinity;
  reauthorized = 0;
  revoked = false;
  tendedAt: number;
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
    this.outgoing = host.flusher.outgoing(codec, transport, this);
    this.lane = createLane(this);
    this.state = newSession(now, host.helloTimeout);
    this.bucket = createBucket(host.rate, now);
    this.tendedAt = now;
  }

  get ended(): boolean {
    return this.lane.ended;
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
    if (this.host.isThere(this)) this.host.intake.read(this, this.outgoing.codec, data);
  }

  control(count: number): void {
    if (this.host.isThere(this)) this.host.intake.control(this, count);
  }

  closed(code: number): void {
    this.host.closed(this, code);
  }

  isStranger(): boolean {
    return this.identity === null;
  }

  slow(): void {
    this.host.slow(this);
  }

  overflow(): void {
    this.drop(4008, 'too much waits to be read');
  }

  run(frame: ClientFrame): MaybePromise<void> {
    return this.host.intake.run(this, frame);
  }

  mayWait(frame: ClientFrame): boolean {
    if (this.identity) return true;
    const refused = this.host.hold(this, weightOf(frame));
    if (refused) this.drop(refused.code, refused.reason);
    return refused === null;
  }

  failed(error: unknown): void {
    this.host.failed(error);
    this.drop(1011, 'the server failed to handle a frame');
  }
}
