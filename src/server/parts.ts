// The parts of the server core. Each is made of parts that are there already, and none calls another while it is made.
import { closeCodes } from '../protocol/codes.js';
import { createRevocations, type Revocations } from './access/revocations.js';
import type { Broker, NodeLoad } from './broker/broker.js';
import { createCluster, type Cluster } from './cluster/cluster.js';
import { createDrain, type Drain } from './cluster/drain.js';
import { ConnectionCounts } from './connection/connection-limits.js';
import type { Connection, ConnectionHost } from './connection/connection.js';
import { Intake } from './connection/intake.js';
import { ConnectionLifecycle } from './connection/lifecycle.js';
import { createSessionRegistry, type SessionRegistry } from './connection/session-registry.js';
import { Hub } from './delivery/hub.js';
import { createSendFlusher } from './delivery/send-queue.js';
import { SlowReaders } from './delivery/slow-readers.js';
import type { FrameContext } from './frames/context.js';
import { createDepartures, type Departures } from './members/departures.js';
import type { Peer } from './members/peer.js';
import { createPresenceMemory, type PresenceMemory } from './members/presence-memory.js';
import { createMessagesInProgress, type MessagesInProgress } from './messages/in-progress.js';
import { traceOf } from './observe/log.js';
import { noMeter, type Meter } from './ports/meter.js';
import type { ServerPorts } from './ports/ports.js';
import type { Settings } from './settings.js';
import { createGuardedCall, type GuardedCall } from './util/guarded-call.js';

/** By how many ms a deadline of a session or a grace may be noticed late. */
const stepMs = 250;
/** After a node fails, its clients reconnect over this many ms for each of them, which is 500 a second. */
const spreadMsPerConnection = 2;
/** The most over which they reconnect, in ms: people wait for it. */
const maxSpreadMs = 4_000;
/** The memory that the process may take, in bytes, if the ports do not say. */
const defaultHeapBytes = 2 ** 30;

/** Parts that know no connections yet. */
interface BasicParts {
  readonly settings: Settings;
  readonly ports: ServerPorts;
  readonly broker: Broker;
  readonly meter: Meter;
  readonly connections: Set<Connection>;
  readonly counters: { messagesIn: number };
  readonly counts: ConnectionCounts;
  readonly hub: Hub;
  readonly revocations: Revocations;
  readonly messagesInProgress: MessagesInProgress;
  readonly presenceMemory: PresenceMemory;
  readonly slowReaders: SlowReaders;
  readonly drain: Drain;
  readonly runGuarded: GuardedCall;
  readonly failed: (error: unknown) => void;
  /** Now in whole ms: V8 allocates an object for each fraction that a connection keeps. */
  readonly wholeNow: () => number;
}

/** The parts of the server core. */
export interface ServerParts extends BasicParts {
  readonly departures: Departures;
  readonly lifecycle: ConnectionLifecycle;
  readonly frameContext: FrameContext;
  readonly host: ConnectionHost;
  readonly cluster: Cluster;
  /** The load of this node. */
  readonly load: () => NodeLoad;
}

function createBasicParts(settings: Settings, ports: ServerPorts): BasicParts {
  const { broker, limits, logger } = settings;
  const { setTimer, monotonicNow } = ports;
  const heapBytes = ports.heapBytes ?? defaultHeapBytes;
  const failed = (error: unknown): void => {
    logger.error(traceOf(error), 'the server failed to handle a frame');
  };
  const connections = new Set<Connection>();
  const hub = new Hub(broker, ports, limits.roomRate);
  return {
    settings,
    ports,
    broker,
    meter: ports.meter ?? noMeter,
    connections,
    counters: { messagesIn: 0 },
    counts: new ConnectionCounts(settings.connections, heapBytes),
    hub,
    revocations: createRevocations(ports),
    messagesInProgress: createMessagesInProgress({ now: monotonicNow, setTimer }, failed),
    presenceMemory: createPresenceMemory(heapBytes),
    slowReaders: new SlowReaders({
      broker,
      hub,
      limitBytes: settings.buffer,
      setTimer,
      monotonicNow,
      failed,
    }),
    drain: createDrain(connections, ports),
    runGuarded: createGuardedCall(failed),
    failed,
    wholeNow: () => Math.floor(monotonicNow()),
  };
}

function createRegistry({ counts, settings }: BasicParts, departures: Departures): SessionRegistry {
  return createSessionRegistry(counts, (older) => {
    // The newer connection joins anew. Until then the member stays shown.
    for (const membership of older.memberships.values())
      departures.endMembership(membership, settings.presenceGrace);
    older.drop(closeCodes.replaced, 'a newer connection of this session took over');
  });
}

function createFrameContext(
  parts: BasicParts,
  departures: Departures,
  registry: SessionRegistry,
): FrameContext {
  const { settings, ports, broker, hub, meter, connections, counters, counts, failed } = parts;
  return {
    ...ports,
    settings,
    broker,
    hub,
    messagesInProgress: parts.messagesInProgress,
    revocations: parts.revocations,
    slowReaders: parts.slowReaders,
    presenceMemory: parts.presenceMemory,
    meter,
    counters,
    reconnectSpreadMs: () => Math.min(maxSpreadMs, connections.size * spreadMsPerConnection),
    endMembership: departures.endMembership,
    restProducer: departures.restProducer,
    cancelGrace: departures.cancelGrace,
    recordSettled: registry.recordSettled,
    async expelSession(peer: Peer, room: string) {
      const membership = peer.memberships.get(room);
      if (membership) {
        membership.isExpelled = true;
        departures.endMembership(membership, 0);
      }
      try {
        if (peer.identity) await broker.admissions?.expel(room, peer.identity.producer);
      } catch (error) {
        failed(error);
      }
    },
    registerSession(peer: Peer, takeover: boolean) {
      const refusal = registry.registerSession(peer, takeover);
      const { identity } = peer;
      if (refusal || !identity?.user) return refusal;
      const { id } = identity.user;
      departures.removeAbsent(id, identity.member, settings.connections.perUser - counts.countOf(id));
      return null;
    },
  };
}

function createLifecycle(
  parts: BasicParts,
  departures: Departures,
  registry: SessionRegistry,
): ConnectionLifecycle {
  const { settings, ports, drain } = parts;
  return new ConnectionLifecycle({
    ...parts,
    registry,
    departures,
    logger: settings.logger,
    heartbeat: settings.heartbeat,
    presenceGraceMs: settings.presenceGrace,
    maxPerUser: settings.connections.perUser,
    now: ports.now,
    monotonicNow: ports.monotonicNow,
    setTimer: ports.setTimer,
    stepMs,
    onGone: drain.connectionLeft,
  });
}

function createHost(
  { settings, ports, connections, counts, slowReaders, failed }: BasicParts,
  frameContext: FrameContext,
  lifecycle: ConnectionLifecycle,
): ConnectionHost {
  return {
    intake: new Intake(frameContext, failed),
    flusher: createSendFlusher(ports.atEndOfTurn, settings.buffer),
    helloTimeout: settings.helloTimeout,
    rate: settings.limits.rate,
    isOpen: (connection) => connections.has(connection),
    holdBytes: (connection, bytes) => counts.holdBytes(connection, bytes),
    slow(connection) {
      slowReaders.fallBehind(connection);
    },
    advance(connection, event) {
      lifecycle.advance(connection, event);
    },
    drop(connection, code, reason) {
      lifecycle.drop(connection, code, reason);
    },
    closed(connection, code) {
      lifecycle.closed(connection, code);
    },
    failed,
  };
}

export function createServerParts(settings: Settings, ports: ServerPorts): ServerParts {
  const basicParts = createBasicParts(settings, ports);
  const { broker, hub, connections, counts, drain, failed } = basicParts;
  const departures = createDepartures({ ...ports, ...basicParts, stepMs });
  const registry = createRegistry(basicParts, departures);
  const frameContext = createFrameContext(basicParts, departures, registry);
  const lifecycle = createLifecycle(basicParts, departures, registry);
  const load = (): NodeLoad => ({
    node: settings.node,
    connections: connections.size,
    rooms: hub.rooms,
    draining: drain.isDraining,
    full: counts.isFull,
  });
  return {
    ...basicParts,
    departures,
    lifecycle,
    frameContext,
    host: createHost(basicParts, frameContext, lifecycle),
    cluster: createCluster({ ...ports, broker, peers: connections, load, failed }),
    load,
  };
}
