// The life of connections: heartbeat and deadlines while they are open, and everything that their end entails.
import { closeCodes } from '../../protocol/codes.js';
import { serverTuple } from '../../protocol/parse.js';
import type { Broker } from '../broker/broker.js';
import { queueFrame } from '../delivery/queue-frame.js';
import type { Departures } from '../members/departures.js';
import { closeTransport, logClose } from '../observe/close-log.js';
import type { ServerLog } from '../observe/log.js';
import type { Meter } from '../ports/meter.js';
import type { GuardedCall } from '../util/guarded-call.js';
import { thenMaybe } from '../util/maybe-promise.js';
import type { SetTimer } from '../util/set-timer.js';
import { createTimerWheel, noSlot, type TimerWheel } from '../util/timer-wheel.js';
import type { ConnectionCounts } from './connection-limits.js';
import type { Connection } from './connection.js';
import { sessionDeadline, sessionStep, type SessionEvent } from './session-machine.js';
import type { SessionRegistry } from './session-registry.js';

/** How often the server asks the broker for the watermarks of a session that stays connected, in ms. */
const watermarkRefreshMs = 3_600_000;

export interface LifecycleContext {
  readonly connections: Set<Connection>;
  readonly counts: ConnectionCounts;
  readonly registry: SessionRegistry;
  readonly departures: Departures;
  readonly broker: Broker;
  readonly meter: Meter;
  readonly logger: ServerLog;
  readonly heartbeat: { readonly interval: number; readonly timeout: number };
  readonly presenceGraceMs: number;
  readonly maxPerUser: number;
  /** The wall clock, in ms. */
  readonly now: () => number;
  /** Now in whole ms, by a clock that nobody sets. */
  readonly wholeNow: () => number;
  readonly monotonicNow: () => number;
  readonly setTimer: SetTimer;
  /** By how many ms a deadline may be noticed late. */
  readonly stepMs: number;
  readonly runGuarded: GuardedCall;
  readonly failed: (error: unknown) => void;
  /** Called after a connection is gone. */
  readonly onGone: () => void;
}

export class ConnectionLifecycle {
  private readonly context: LifecycleContext;
  private readonly wheel: TimerWheel<Connection>;
  private graceMs: number;

  constructor(context: LifecycleContext) {
    this.context = context;
    this.graceMs = context.presenceGraceMs;
    const clock = { now: context.monotonicNow, setTimer: context.setTimer };
    this.wheel = createTimerWheel(context.stepMs, clock, (connection) => {
      this.advance(connection, { type: 'tick' });
    });
  }

  /** A connection was let in. */
  begin(connection: Connection): void {
    this.context.connections.add(connection);
    this.wheel.schedule(connection, sessionDeadline(connection.state, this.context.heartbeat));
  }

  /** Takes a step of the session's machine. */
  advance(connection: Connection, event: SessionEvent): void {
    const { heartbeat, wholeNow } = this.context;
    const [next, effects] = sessionStep(connection.state, event, { now: wholeNow(), ...heartbeat });
    connection.state = next;
    for (const effect of effects) {
      if (effect.type === 'close') this.drop(connection, effect.code, effect.reason);
      else if (effect.type === 'ping') this.ping(connection, effect.alone);
    }
    if (connection.state.status === 'closed') return;
    // A frame only moves a deadline away: the wheel looks again when the old one comes.
    const mayBeNearer = event.type === 'known' || event.type === 'renewed';
    if (mayBeNearer || connection.slot === noSlot)
      this.wheel.schedule(connection, sessionDeadline(connection.state, heartbeat));
  }

  /**
   * Ends a connection. Frames that are queued for it are written first. Never throws, so that a loop over
   * connections reaches the last of them.
   */
  drop(connection: Connection, code: number, reason: string): void {
    const { connections, meter, logger, failed } = this.context;
    if (!connections.has(connection)) return;
    meter.connectionClosed(code);
    logClose(logger, connection, code, reason);
    connection.sendQueue.flush();
    if (code === closeCodes.unauthorized || code === closeCodes.forbidden) connection.isRevoked = true;
    this.end(connection, connection.isRevoked ? 0 : this.graceMs);
    closeTransport(connection.transport, code, reason, failed);
  }

  /** The client closed the connection, or the connection broke. */
  closed(connection: Connection, code: number): void {
    if (this.context.connections.has(connection)) this.context.meter.connectionClosed(code);
    // A client that closes on purpose leaves at once. A client that was cut off may come back.
    const isOnPurpose = code === closeCodes.normal || code === closeCodes['going-away'];
    this.end(connection, isOnPurpose ? 0 : this.graceMs);
  }

  /** Ends every connection. A broker that outlives this node must not keep its members, so there is no grace. */
  dropAll(code: number, reason: string): void {
    this.graceMs = 0;
    for (const connection of this.context.connections) this.drop(connection, code, reason);
  }

  private ping(connection: Connection, isAlone: boolean): void {
    const { now, failed } = this.context;
    const frame = { type: 'ping', time: now() } as const;
    try {
      // One write for both pings: whatever holds the connection answers the transport's, the client answers the frame.
      if (isAlone && connection.transport.ping)
        connection.transport.ping(connection.sendQueue.codec.encode(serverTuple(frame)));
      else queueFrame(connection, frame);
    } catch (error) {
      // One tick pings many connections: a failure of one must not keep the others from their ping.
      failed(error);
      this.drop(connection, closeCodes.internal, 'the connection could not be written to');
    }
    this.refreshWatermarks(connection);
  }

  /** Asks for the watermarks of a session now and then: a broker forgets a watermark that it is not asked for. */
  private refreshWatermarks(connection: Connection): void {
    const { broker, wholeNow, runGuarded } = this.context;
    const { identity } = connection;
    const now = wholeNow();
    if (!identity || now - connection.watermarksAskedAt < watermarkRefreshMs) return;
    connection.watermarksAskedAt = now;
    for (const membership of connection.memberships.values()) {
      membership.watermarkAskedAt = now;
      runGuarded(() => thenMaybe(broker.watermark(membership.room, identity.producer), () => undefined));
    }
  }

  private end(connection: Connection, graceMs: number): void {
    const { connections, counts, registry, departures, maxPerUser, onGone } = this.context;
    if (!connections.delete(connection)) return;
    counts.release(connection);
    this.wheel.cancel(connection);
    connection.state = { status: 'closed' };
    connection.frameQueue.end();
    const { identity } = connection;
    const isCurrent = registry.endSession(connection);
    for (const membership of connection.memberships.values())
      departures.endMembership(membership, graceMs, identity === null || !isCurrent);
    connection.memberships.clear();
    if (identity?.user && isCurrent) {
      const { id } = identity.user;
      departures.addAbsent(id, identity.member, maxPerUser - counts.countOf(id));
    }
    connection.sendQueue.end();
    onGone();
  }
}
