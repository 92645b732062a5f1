// The server core: sessions over any transport, rooms over any broker. It knows nothing of Node.
import { untypedRoom, type AnyContract } from '../contract/define-room.js';
import type { Codec } from '../protocol/codec.js';
import { closeCodes } from '../protocol/codes.js';
import { chooseCodec, subprotocolOf } from '../protocol/version.js';
import { createUserCommandListener } from './access/user-commands.js';
import type { NodeLoad } from './broker/broker.js';
import type { RebalanceOptions } from './cluster/rebalance.js';
import { Connection } from './connection/connection.js';
import { mayConnect, type Reach } from './connection/origins.js';
import { closeTransport, fitCloseReason, logClose } from './observe/close-log.js';
import { settingsOf, type ServerOptions } from './options.js';
import { createServerParts, type ServerParts } from './parts.js';
import type { RequestInfo, ServerPorts, Transport, TransportEvents } from './ports/ports.js';
import { serverRoom, type ServerRoom } from './server-room.js';
import type { Settings } from './settings.js';

export interface ServerStats {
  readonly node: string;
  readonly connections: number;
  readonly rooms: number;
  /** The durable messages that clients sent to this node. */
  readonly messagesIn: number;
  /** Messages and broadcasts, counted once for each member they went to. */
  readonly messagesOut: number;
  /** The bytes that wait to be read, of all connections together. */
  readonly bytesQueued: number;
  readonly draining: boolean;
  /** Whether no more connections are let in, because there are as many as there may be. */
  readonly full: boolean;
}

export interface ServerCore {
  readonly settings: Settings;
  /**
   * The first of the offered subprotocols that this server speaks. If there is none, the connection is opened
   * all the same, and closed with a code that says so.
   */
  choose(offered: Iterable<string>): { readonly codec: Codec; readonly protocol: string } | null;
  /** Whether a page of this origin may connect. */
  allows(origin: string | null, host: string | null, reach?: Reach): boolean;
  /** Serves a connection. `codec` is null if the client offered no subprotocol that this server speaks. */
  open(transport: Transport, codec: Codec | null, request: RequestInfo): TransportEvents;
  room(room: AnyContract | string, params?: Readonly<Record<string, string>>): ServerRoom;
  /**
   * Ends every connection of a user, on every node, with 4403. The client is told the first 123 bytes of the
   * reason.
   */
  disconnect(user: string, reason?: string): void;
  /**
   * Asks `authorize` again, on every node, whether a user may be in its rooms, and expels it from the others.
   */
  reauthorize(user: string): void;
  stats(): ServerStats;
  /** Why a connection would not be let in now; null if it would. Cheaper than `stats`. */
  refuses(): 'draining' | 'full' | null;
  /** Clients can reach this node from now on: other nodes may send it clients. */
  announce(): void;
  /** All nodes and their loads. Rejects with `BrokerUnavailable` if the other nodes cannot be asked. */
  cluster(): Promise<readonly NodeLoad[]>;
  /**
   * Asks clients to move while this node is above the mean and another has room, until the returned function
   * is called.
   */
  rebalance(options?: RebalanceOptions): () => void;
  /**
   * Lets no new connection in, asks the others to move within `over` ms, and resolves once they have, or the
   * time is up.
   */
  drain(options?: { readonly over?: number }): Promise<void>;
  /** Ends every connection with 1012, and closes the broker if the server made it. */
  close(): Promise<void>;
}

/** A codec with its subprotocol. */
interface CodecChoice {
  readonly codec: Codec;
  readonly name: string;
  readonly protocol: string;
}

/** The events of a connection that was not let in. */
const ignoredEvents: TransportEvents = {
  message: () => undefined,
  control: () => undefined,
  closed: () => undefined,
};

/** Lets connections in, each with a number of its own. */
function createAcceptor(parts: ServerParts, choices: readonly CodecChoice[]): ServerCore['open'] {
  const { settings, meter, counts, drain, host, lifecycle, failed, wholeNow } = parts;
  let lastId = 0;
  return (transport, codec, request) => {
    if (drain.isDraining) {
      closeTransport(transport, closeCodes.restart, 'this node is draining', failed);
      return ignoredEvents;
    }
    if (!codec) {
      const protocols = choices.map(({ protocol }) => protocol).join(', ');
      closeTransport(transport, closeCodes.unsupported, `this server speaks ${protocols}`, failed);
      return ignoredEvents;
    }
    const connection = new Connection(host, ++lastId, transport, codec, request, wholeNow());
    const limit = counts.admit(connection);
    if (limit) {
      logClose(settings.logger, connection, limit.code, limit.reason);
      meter.connectionClosed(limit.code);
      closeTransport(transport, limit.code, limit.reason, failed);
      return ignoredEvents;
    }
    lifecycle.begin(connection);
    return connection;
  };
}

function statsOf({ connections, counters, hub, load }: ServerParts): ServerStats {
  let bytesQueued = 0;
  for (const { transport } of connections) bytesQueued += transport.buffered();
  return { ...load(), messagesIn: counters.messagesIn, messagesOut: hub.deliveredCount, bytesQueued };
}

async function closeParts(
  { broker, cluster, departures, drain, lifecycle, messagesInProgress }: ServerParts,
  stopListening: () => void,
  closesBroker: boolean,
): Promise<void> {
  drain.refuse();
  const clusterEnded = cluster.end();
  lifecycle.dropAll(closeCodes.restart, 'the server restarts');
  stopListening();
  departures.endAll();
  messagesInProgress.close();
  await clusterEnded;
  if (closesBroker) await broker.close();
}

/**
 * Makes the core of a server.
 *
 * @param isReachable Whether clients can reach this node from the start. If not, the other nodes learn of it once
 *   `announce` is called.
 * @throws TypeError if an option makes no sense.
 */
export function createServerCore(options: ServerOptions, ports: ServerPorts, isReachable = true): ServerCore {
  const settings = settingsOf(options, ports);
  const parts = createServerParts(settings, ports);
  const { broker, connections, cluster, counts, drain, frameContext, runGuarded } = parts;
  const stopListening = broker.listen(createUserCommandListener(connections, frameContext, runGuarded));
  if (isReachable) cluster.announce();

  // Made once: each connection keeps the name of its subprotocol.
  const choices = settings.codecs.map((codec) => ({
    codec,
    name: codec.name,
    protocol: subprotocolOf(codec.name),
  }));

  return {
    settings,
    choose: (offered) => chooseCodec(offered, choices),
    allows: (origin, host, reach) => mayConnect(settings.origins, origin, host, reach),
    open: createAcceptor(parts, choices),
    room: (room, params = {}) =>
      serverRoom(typeof room === 'string' ? untypedRoom(room) : room, params, settings, ports),
    disconnect(user, reason = 'disconnected by the server') {
      broker.tell({ type: 'disconnect', user, reason: fitCloseReason(reason) });
    },
    reauthorize(user) {
      broker.tell({ type: 'reauthorize', user });
    },
    stats: () => statsOf(parts),
    refuses: () => (drain.isDraining ? 'draining' : counts.isFull ? 'full' : null),
    announce: cluster.announce,
    cluster: cluster.nodes,
    rebalance: (rebalanceOptions = {}) => cluster.rebalance(rebalanceOptions),
    async drain({ over: overMs = 10_000 } = {}) {
      drain.refuse();
      cluster.refresh();
      await drain.begin(overMs);
    },
    close: () => closeParts(parts, stopListening, !options.broker),
  };
}
