// The server core: sessions over any transport, rooms over any broker. Knows nothing of Node.
import { closeCodes } from '../protocol/codes.js';
import type { AnyContract } from '../contract/define-room.js';
import { untypedRoom } from '../contract/define-room.js';
import type { Codec } from '../protocol/codec.js';
import { serverTuple } from '../protocol/parse.js';
import { chooseCodec, subprotocolOf } from '../protocol/version.js';
import type { NodeLoad } from './broker/broker.js';
import { createConnectionCounts } from './connection/connection-limits.js';
import { createCluster } from './cluster/cluster.js';
import { fitCloseReason, closeTransport, logClose } from './observe/close-log.js';
import { Connection, type ConnectionHost } from './connection/connection.js';
import { createMessagesInProgress } from './frames/in-progress.js';
import { createHub } from './delivery/hub.js';
import { createIntake } from './connection/intake.js';
import { traceOf } from './observe/log.js';
import { thenMaybe } from './util/maybe-promise.js';
import { settingsOf, type ServerOptions } from './options.js';
import type { Settings } from './settings.js';
import type { RebalanceOptions } from './cluster/rebalance.js';
import { createRevocations } from './access/revocations.js';
import { createPresenceGrace } from './members/presence-grace.js';
import { createAbsentMembers } from './members/absent-members.js';
import { createGuardedCall } from './util/guarded-call.js';
import { createPresenceMemory } from './members/presence-memory.js';
import { createDrain } from './cluster/drain.js';
import { noMeter } from './ports/meter.js';
import { mayConnect, type Reach } from './connection/origins.js';
import { createSendFlusher } from './delivery/send-queue.js';
import { createSessionRegistry } from './connection/session-registry.js';
import { queueFrame } from './delivery/queue-frame.js';
import type { Membership } from './members/peer.js';
import type { RequestInfo, ServerPorts, Transport, TransportEvents } from './ports/ports.js';
import { serverRoom, type ServerRoom } from './server-room.js';
import type { FrameContext } from './frames/context.js';
import { sessionDeadline, sessionStep, type SessionEvent } from './connection/session-machine.js';
import { createSlowReaders } from './delivery/slow-readers.js';
import { createUserCommandListener } from './access/user-commands.js';
import { createTimerWheel, noSlot } from './util/timer-wheel.js';

export interface ServerStats {
  readonly node: string;
  readonly connections: number;
  readonly rooms: number;
  /** Durable messages that clients sent here. */
  readonly messagesIn: number;
  /** Messages and broadcasts, counted for each member they went to. */
  readonly messagesOut: number;
  /** What waits to be read, of all connections together. */
  readonly bytesQueued: number;
  readonly draining: boolean;
  /** Whether there are as many connections as there may be. */
  readonly full: boolean;
}

export interface ServerCore {
  readonly settings: Settings;
  /** The first subprotocol on offer that this server speaks. Where there is none, the connection is opened all the same, and closed with a code that says so. */
  choose(offered: Iterable<string>): { readonly codec: Codec; readonly protocol: string } | null;
  /** Whether a browser page of this origin may connect. */
  allows(origin: string | null, host: string | null, reach?: Reach): boolean;
  /** Serves a connection. `codec` null: nothing in common. */
  open(transport: Transport, codec: Codec | null, request: RequestInfo): TransportEvents;
  room(room: AnyContract | string, params?: Readonly<Record<string, string>>): ServerRoom;
  /** Ends every connection of a user, on every node, with 4403. Of the reason, each is told the first 123 bytes. */
  disconnect(user: string, reason?: string): void;
  /** Asks again, on every node, whether a user may be in its rooms, and ends what it may not. */
  reauthorize(user: string): void;
  stats(): ServerStats;
  /** Why a connection would not be taken now; null where it would. Cheaper than `stats`. */
  refuses(): 'draining' | 'full' | null;
  /** Clients can reach it from now on: others may send it clients. */
  announce(): void;
  /** Every node and its load. Rejects with `unavailable` where the nodes cannot be asked. */
  cluster(): Promise<readonly NodeLoad[]>;
  /** From now on asks clients to move while this node is above the mean and another has room. Returns what stops it. */
  rebalance(options?: RebalanceOptions): () => void;
  /** Takes no new connections, asks the others to move on within `over` ms, and resolves once they have or the time is up. */
  drain(options?: { readonly over?: number }): Promise<void>;
  /** Ends every connection with 1012 and closes the broker it made itself. */
  close(): Promise<void>;
}

/** How late a deadline of a session may be noticed, in ms. */
const sessionStepMs = 250;
/** Over how many ms the clients of a node that falls come back, for each of them, and at most: 500 a second, as long as people may wait for it. */
const spreadMsPerConnection = 2;
const maxSpreadMs = 4_000;
/** What the process may take in memory, where nobody says. */
const defaultHeapBytes = 2 ** 30;
/** How often the numbers of a session that is there are looked after, in ms. */
const watermarkRefreshMs = 3_600_000;

/** @param isReachable whether clients can reach it from the start: otherwise it is no node among others before `announce`. */
export function createServerCore(options: ServerOptions, ports: ServerPorts, isReachable = true): ServerCore {
  const settings = settingsOf(options, ports);
  const { broker, logger } = settings;
  const hub = createHub(broker, ports, settings.limits.roomRate);
  const peers = new Set<Connection>();
  const counts = { messagesIn: 0 };
  const heapBytes = ports.heapBytes ?? defaultHeapBytes;
  const timing = settings.heartbeat;
  const meter = ports.meter ?? noMeter;
  let nextId = 0;
  const census = createConnectionCounts(settings.connections, heapBytes);
  const revocations = createRevocations(ports);
  const drain = createDrain(peers, ports);
  let grace = settings.presenceGrace;

  const steadily = { ...ports, now: ports.monotonicNow };
  const wheel = createTimerWheel<Connection>(sessionStepMs, steadily, (peer) => {
    advance(peer, { type: 'tick' });
  });
  const presences = createPresenceMemory(heapBytes);
  const ghosts = createAbsentMembers((member) => {
    departures.endMember(member);
  });
  const departures = createPresenceGrace(sessionStepMs, steadily, exit, ghosts.forget);
  function exit(room: string, member: string): void {
    presences.forget(room, member);
    guarded(() => broker.exit(room, member));
  }
  /** Of a user's sessions, as many are shown as it may have connections. */
  function cutGhosts(user: string): void {
    ghosts.trim(user, settings.connections.perUser - census.countOf(user));
  }

  const failed = (error: unknown): void => {
    logger.error(traceOf(error), 'the server failed to handle a frame');
  };
  const handlings = createMessagesInProgress(steadily, failed);
  const guarded = createGuardedCall(failed);

  /** Now, in whole ms: a fraction costs an object for each moment that a connection keeps. */
  const moment = (): number => Math.floor(ports.monotonicNow());

  function advance(peer: Connection, event: SessionEvent): void {
    const [next, effects] = sessionStep(peer.state, event, { now: moment(), ...timing });
    peer.state = next;
    for (const effect of effects) {
      if (effect.type === 'close') drop(peer, effect.code, effect.reason);
      else if (effect.type === 'ping') {
        const frame = { type: 'ping', time: ports.now() } as const;
        try {
          // One write for both: the one is answered by whatever holds the connection, the other by the client.
          if (effect.alone && peer.transport.ping)
            peer.transport.ping(peer.sendQueue.codec.encode(serverTuple(frame)));
          else queueFrame(peer, frame);
        } catch (error) {
          // One tick pings many connections: the others get their ping.
          failed(error);
          drop(peer, closeCodes.internal, 'the connection could not be written to');
        }
        tend(peer);
      }
    }
    if (peer.state.status === 'closed') return;
    // A frame moves a deadline away, never nearer: the wheel looks again when the old one comes.
    const nearer = event.type === 'known' || event.type === 'renewed';
    if (nearer || peer.slot === noSlot) wheel.schedule(peer, sessionDeadline(peer.state, timing));
  }

  /** A broker forgets numbers that nobody asks for: those of whoever is there are asked for. */
  function tend(peer: Connection): void {
    const { identity } = peer;
    if (!identity || moment() - peer.watermarksAskedAt < watermarkRefreshMs) return;
    peer.watermarksAskedAt = moment();
    for (const membership of peer.memberships.values()) {
      membership.watermarkAskedAt = moment();
      guarded(() => thenMaybe(broker.watermark(membership.room, identity.producer), () => undefined));
    }
  }

  function gone(peer: Connection, keptFor: number): void {
    if (!peers.delete(peer)) return;
    census.release(peer);
    wheel.cancel(peer);
    peer.state = { status: 'closed' };
    peer.frameQueue.end();
    const { identity } = peer;
    const current = sessions.endSession(peer);
    for (const membership of peer.memberships.values())
      depart(membership, keptFor, identity === null || !current);
    peer.memberships.clear();
    if (identity?.user && current && departures.has(identity.member)) {
      ghosts.add(identity.user.id, identity.member);
      cutGhosts(identity.user.id);
    }
    peer.sendQueue.end();
    drain.connectionLeft();
  }

  /** Ends a connection: what is queued is written first. Never throws, so that a loop over connections reaches the last of them. */
  function drop(peer: Connection, code: number, reason: string): void {
    if (!peers.has(peer)) return;
    meter.connectionClosed(code);
    logClose(logger, peer, code, reason);
    peer.sendQueue.flush();
    if (code === closeCodes.unauthorized || code === closeCodes.forbidden) peer.isRevoked = true;
    gone(peer, peer.isRevoked ? 0 : grace);
    closeTransport(peer.transport, code, reason, failed);
  }

  /** `replaced`: a newer connection of the session is there, and speaks for the member now. */
  function depart(membership: Membership, keptFor: number, replaced = false): void {
    const { room, peer, served } = membership;
    hub.leave(membership);
    if (peer.memberships.get(room) === membership) peer.memberships.delete(room);
    if (replaced || !peer.identity) return;
    const { member, producer } = peer.identity;
    // Nothing is remembered of a session that said nothing, but for where it was let in.
    if (membership.lastSeq > 0 || served.authorize)
      rest(producer, room, moment() - membership.watermarkAskedAt);
    if (!served.presence) return;
    if (keptFor > 0) departures.add(room, member, keptFor);
    else {
      departures.cancel(room, member);
      exit(room, member);
    }
  }

  function rest(producer: string, room: string, agoMs: number): void {
    guarded(() => broker.rest?.(room, producer, agoMs));
  }

  const sessions = createSessionRegistry(census, (older) => {
    // The newer connection joins anew; until then the member stays as it was.
    for (const membership of older.memberships.values()) depart(membership, grace);
    older.drop(closeCodes.replaced, 'a newer connection of this session took over');
  });
  const slowReaders = createSlowReaders({
    broker,
    hub,
    limitBytes: settings.buffer,
    setTimer: ports.setTimer,
    monotonicNow: ports.monotonicNow,
    failed,
  });

  const services: FrameContext = {
    ...ports,
    settings,
    broker,
    hub,
    messagesInProgress: handlings,
    revocations,
    slowReaders,
    meter,
    reconnectSpreadMs: () => Math.min(maxSpreadMs, peers.size * spreadMsPerConnection),
    counters: counts,
    endMembership: depart,
    restProducer: rest,
    async expelSession(peer, room) {
      const membership = peer.memberships.get(room);
      if (membership) {
        membership.isExpelled = true;
        depart(membership, 0);
      }
      try {
        if (peer.identity) await broker.admissions?.expel(room, peer.identity.producer);
      } catch (error) {
        failed(error);
      }
    },
    registerSession(peer, takeover) {
      const refused = sessions.registerSession(peer, takeover);
      const { identity } = peer;
      if (refused || !identity?.user) return refused;
      ghosts.forget(identity.member);
      cutGhosts(identity.user.id);
      return null;
    },
    presenceMemory: presences,
    recordSettled: sessions.recordSettled,
    cancelGrace(membership) {
      departures.cancel(membership.room, membership.peer.identity?.member ?? '');
    },
  };

  const host: ConnectionHost = {
    intake: createIntake(services, failed),
    flusher: createSendFlusher(ports.atEndOfTurn, settings.buffer),
    helloTimeout: settings.helloTimeout,
    rate: settings.limits.rate,
    isOpen: (peer) => peers.has(peer),
    holdBytes: census.holdBytes,
    slow: slowReaders.fallBehind,
    advance,
    drop,
    failed,
    closed(peer, code) {
      if (peers.has(peer)) meter.connectionClosed(code);
      // Who closes on purpose is gone at once; who was cut off may come back.
      gone(peer, code === closeCodes.normal || code === closeCodes['going-away'] ? 0 : grace);
    },
  };

  const stopListening = broker.listen(createUserCommandListener(peers, services, guarded));
  const load = (): NodeLoad => ({
    node: settings.node,
    connections: peers.size,
    rooms: hub.rooms,
    draining: drain.isDraining,
    full: census.isFull,
  });
  const cluster = createCluster({ ...ports, broker, peers, load, isReachable, failed });

  // Once: each connection keeps the name of its own.
  const choices = settings.codecs.map((its) => ({
    codec: its,
    name: its.name,
    protocol: subprotocolOf(its.name),
  }));

  return {
    settings,
    choose: (offered) => chooseCodec(offered, choices),
    allows: (origin, host, reach) => mayConnect(settings.origins, origin, host, reach),
    open(transport, codec, request) {
      const ignored: TransportEvents = {
        message: () => undefined,
        control: () => undefined,
        closed: () => undefined,
      };
      if (drain.isDraining) {
        closeTransport(transport, closeCodes.restart, 'this node is draining', failed);
        return ignored;
      }
      if (!codec) {
        const spoken = choices.map(({ protocol }) => protocol).join(', ');
        closeTransport(transport, closeCodes.unsupported, `this server speaks ${spoken}`, failed);
        return ignored;
      }
      const peer = new Connection(host, ++nextId, transport, codec, request, moment());
      const refused = census.admit(peer);
      if (refused) {
        logClose(logger, peer, refused.code, refused.reason);
        meter.connectionClosed(refused.code);
        closeTransport(transport, refused.code, refused.reason, failed);
        return ignored;
      }
      peers.add(peer);
      wheel.schedule(peer, sessionDeadline(peer.state, timing));
      return peer;
    },
    room: (room, params = {}) =>
      serverRoom(typeof room === 'string' ? untypedRoom(room) : room, params, settings, ports),
    disconnect(user, reason = 'disconnected by the server') {
      broker.tell({ type: 'disconnect', user, reason: fitCloseReason(reason) });
    },
    reauthorize(user) {
      broker.tell({ type: 'reauthorize', user });
    },
    stats() {
      let bytesQueued = 0;
      for (const { transport } of peers) bytesQueued += transport.buffered();
      return { ...load(), messagesIn: counts.messagesIn, messagesOut: hub.deliveredCount, bytesQueued };
    },
    refuses: () => (drain.isDraining ? 'draining' : census.isFull ? 'full' : null),
    announce: cluster.announce,
    cluster: cluster.nodes,
    rebalance: (how = {}) => cluster.rebalance(how),
    async drain({ over = 10_000 } = {}) {
      drain.refuse();
      cluster.refresh();
      await drain.begin(over);
    },
    async close() {
      drain.refuse();
      const ended = cluster.end();
      // A broker that outlives this node must not keep its members: whoever comes back enters anew.
      grace = 0;
      for (const peer of peers) drop(peer, closeCodes.restart, 'the server restarts');
      stopListening();
      departures.endAll();
      handlings.close();
      await ended;
      if (!options.broker) await broker.close();
    },
  };
}
