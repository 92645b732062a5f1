// A network in memory between clients and the server core. A test can delay, stall and cut it.
import { closeAbnormal, closeForbidden } from '../protocol/codes.js';
import type { Connect, Link, LinkEvents } from '../client/edge/link.js';
import { byteLength } from '../protocol/bytes.js';
import type { Encoded } from '../protocol/codec.js';
import type { Transport } from '../server/ports/ports.js';
import type { ServerCore } from '../server/server.js';
import type { TestClock } from './clock.js';

/** Causes faults, for one user or for all. */
export interface NetworkControls {
  /** Delays messages by `ms` in each direction, and by up to `jitter` ms more. Their order stays. */
  latency(ms: number, options?: { readonly jitter?: number }): void;
  /** Breaks all connections, loses the messages on their way, and refuses new connections. */
  cut(): void;
  /**
   * Holds back all messages, while both ends believe that the connection works.
   *
   * @param direction `'up'` is from the client to the server. Default `'both'`.
   */
  stall(direction?: 'both' | 'up' | 'down'): void;
  /** Breaks all connections once. New ones work. */
  drop(): void;
  /** Ends `cut` and `stall`. Messages that a stall held back arrive. */
  restore(): void;
}

export interface Network extends NetworkControls {
  readonly connect: Connect;
  /** Connections that are open or opening. */
  readonly connections: number;
  /** Connections that were ever begun. */
  readonly opened: number;
}

type Item = { readonly data: Encoded } | { readonly code: number; readonly reason: string };

/** One direction of a connection. */
interface Pipe {
  put(item: Item): void;
  /** Delivers the messages that a stall held back. */
  release(): void;
  readonly bytes: number;
}

interface Conditions {
  delay: number;
  jitter: number;
  up: boolean;
  down: boolean;
  cut: boolean;
}

/** A connection, until both ends know that it is over: the client may close it before the server knows. */
interface Connection {
  /** False once the client knows that it is over. */
  readonly open: boolean;
  /** Breaks it for both ends. */
  break(): void;
  /** Delivers the messages that a stall held back. */
  release(): void;
}

/** What all connections of a network have in common. */
interface Setting {
  readonly clock: TestClock;
  readonly random: () => number;
  readonly server: () => ServerCore | null;
  readonly origin: string | null;
  readonly conditions: Conditions;
  readonly connections: Set<Connection>;
}

const copy = (data: Encoded): Encoded => (typeof data === 'string' ? data : data.slice());

function createPipe(
  { clock, random, conditions }: Setting,
  direction: 'up' | 'down',
  deliver: (item: Item) => void,
): Pipe {
  let lastArrival = 0;
  let bytes = 0;
  let held: Item[] = [];
  const arrive = (item: Item): void => {
    if (!conditions[direction]) {
      held.push(item);
      return;
    }
    if ('data' in item) bytes -= byteLength(item.data);
    deliver(item);
  };
  return {
    put(item) {
      if ('data' in item) bytes += byteLength(item.data);
      lastArrival = Math.max(lastArrival, clock.now() + conditions.delay + random() * conditions.jitter);
      clock.after(lastArrival - clock.now(), () => {
        arrive(item);
      });
    },
    release() {
      const items = held;
      held = [];
      for (const item of items) arrive(item);
    },
    get bytes() {
      return bytes;
    },
  };
}

type ServerSession = ReturnType<ServerCore['open']>;

/** Opens the server's end of a connection, and tells the client. Returns null if the server refuses the origin. */
function openAtServer(
  core: ServerCore,
  origin: string | null,
  protocols: readonly string[],
  transport: Transport,
): { readonly session: ServerSession | null; readonly protocol: string } {
  const [firstOffer = ''] = protocols;
  if (!core.allows(origin, null)) {
    transport.close(closeForbidden, 'this origin may not connect');
    return { session: null, protocol: firstOffer };
  }
  const chosen = core.choose(protocols);
  const session = core.open(transport, chosen?.codec ?? null, { origin, address: 'memory', headers: {} });
  return { session, protocol: chosen?.protocol ?? firstOffer };
}

function connectTo(setting: Setting, protocols: readonly string[], events: LinkEvents): Link {
  const { clock, conditions, connections, origin, server } = setting;
  let open = true;
  let session: ServerSession | null = null;
  /** Tells both ends that the connection is over. A client that closed it knows already. */
  const end = (code: number, reason: string): void => {
    const wasOpen = open;
    open = false;
    connections.delete(connection);
    session?.closed(code);
    session = null;
    if (wasOpen) events.closed(code, reason);
  };
  const up = createPipe(setting, 'up', (item) => {
    if ('data' in item) session?.message(item.data);
    else end(item.code, item.reason);
  });
  const down = createPipe(setting, 'down', (item) => {
    if (!open) return;
    if ('data' in item) events.message(item.data);
    else end(item.code, item.reason);
  });
  const connection: Connection = {
    get open() {
      return open;
    },
    break() {
      end(closeAbnormal, '');
    },
    release() {
      up.release();
      down.release();
    },
  };
  connections.add(connection);
  clock.after(conditions.delay * 2, () => {
    if (!open) return;
    const core = server();
    if (conditions.cut || !core) return connection.break();
    // A handshake in a stalled network hangs, until the client gives it up after its `connectTimeout`.
    if (!conditions.up || !conditions.down) return;
    const opened = openAtServer(core, origin, protocols, transportOver(down, connection));
    session = opened.session;
    events.opened(opened.protocol);
  });
  return linkOver(up, connection, () => {
    open = false;
  });
}

/** The server's end of a connection. */
const transportOver = (down: Pipe, connection: Connection): Transport => ({
  send(data) {
    down.put({ data: copy(data) });
  },
  close(code, reason) {
    down.put({ code, reason });
  },
  terminate() {
    connection.break();
  },
  buffered: () => down.bytes,
});

/** The client's end of a connection. */
const linkOver = (up: Pipe, connection: Connection, closed: () => void): Link => ({
  transport: 'websocket',
  send(data) {
    if (connection.open) up.put({ data: copy(data) });
  },
  close(code, reason) {
    if (!connection.open) return;
    closed();
    up.put({ code, reason });
  },
});

export function createNetwork(
  clock: TestClock,
  random: () => number,
  server: () => ServerCore | null,
  origin: string | null = null,
): Network {
  const conditions: Conditions = { delay: 0, jitter: 0, up: true, down: true, cut: false };
  const connections = new Set<Connection>();
  const setting: Setting = { clock, random, server, origin, conditions, connections };
  let opened = 0;

  const drop = (): void => {
    for (const connection of Array.from(connections)) connection.break();
  };

  return {
    connect(_url, protocols, events) {
      opened++;
      return connectTo(setting, protocols, events);
    },
    get connections() {
      return Array.from(connections).filter(({ open }) => open).length;
    },
    get opened() {
      return opened;
    },
    latency(ms, { jitter = 0 } = {}) {
      conditions.delay = ms;
      conditions.jitter = jitter;
    },
    drop,
    cut() {
      conditions.cut = true;
      drop();
    },
    stall(direction = 'both') {
      if (direction !== 'down') conditions.up = false;
      if (direction !== 'up') conditions.down = false;
    },
    restore() {
      Object.assign(conditions, { up: true, down: true, cut: false });
      for (const connection of Array.from(connections)) connection.release();
    },
  };
}
