// The broker of a single process: everything is in memory, and every answer is there at once.
import type { Append, Appended, Broker, NodeEvent, NodeLoad, Parcel } from './broker.js';
import type { RoomLog } from './memory-log.js';
import { MemoryLogs } from './memory-logs.js';

export interface MemoryBrokerOptions {
  /** The clock, in ms. Default `Date.now`. */
  readonly now?: () => number;
  /** Makes a random id of so many characters. Default: from `crypto.getRandomValues`. */
  readonly randomId?: (characters: number) => string;
  /**
   * The memory that rooms may take, in bytes, about. Beyond it the longest logs lose their oldest entries. A quarter
   * of it is for what the broker remembers of sessions: beyond that, results and details of refusals are forgotten
   * first, the oldest first, then sessions that left their rooms, then outcomes of messages.
   *
   * @default 268_435_456, which is 256 MiB; a quarter of the heap if a Node server makes its own broker
   */
  readonly bytes?: number;
}

const randomText = (characters: number): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(characters)), (byte) => (byte & 31).toString(32)).join('');

type MessageMethods = Pick<
  Broker,
  'append' | 'refuse' | 'watermark' | 'rest' | 'recall' | 'admissions' | 'read'
>;
type EventMethods = Pick<Broker, 'subscribe' | 'publish' | 'enter' | 'update' | 'exit' | 'members'>;
type NodeMethods = Pick<Broker, 'tell' | 'listen' | 'hand' | 'receive' | 'announce' | 'nodes'>;

/** What the broker knows of a message at or below the watermark of its producer. */
function recallOutcome(log: RoomLog, producer: string, seq: number, id: string, now: number): Appended {
  const { epoch } = log;
  const known = log.producers.outcome(producer, seq);
  if (!known) return { status: 'duplicate', epoch, offset: null, timestamp: now, result: null };
  if (known.id !== id) return { status: 'conflict' };
  if ('refusal' in known.outcome) return { status: 'refused', refusal: known.outcome.refusal };
  return { status: 'duplicate', epoch, ...known.outcome };
}

function messageMethods(
  logs: MemoryLogs,
  now: () => number,
  randomId: (characters: number) => string,
): MessageMethods {
  function append(message: Append): Appended {
    const log = logs.open(message.room);
    const { producer, seq, id, result } = message;
    if (producer !== null) {
      const last = log.producers.last(producer);
      if (seq <= last) return recallOutcome(log, producer, seq, id, now());
      if (message.follows !== last) return { status: 'gap', last };
    }
    const timestamp = now();
    const tag = randomId(8);
    const entry = log.add(message, tag, timestamp);
    const [offset] = entry;
    if (producer !== null)
      log.producers.settle(producer, seq, { id, outcome: { offset, timestamp, result, tag } });
    log.trim(now());
    logs.keepWithinBound();
    log.emit({ type: 'entry', entry });
    return { status: 'ok', epoch: log.epoch, offset, timestamp, tag };
  }

  return {
    append,
    refuse(room, producer, seq, id, refusal) {
      const { producers } = logs.open(room);
      if (seq > producers.last(producer)) producers.settle(producer, seq, { id, outcome: { refusal } });
      logs.keepWithinBound();
    },
    watermark(room, producer) {
      const producers = logs.find(room)?.producers;
      producers?.use(producer);
      logs.admissions.use(room, producer);
      return producers?.last(producer) ?? 0;
    },
    rest(room, producer, agoMs) {
      const producers = logs.find(room)?.producers;
      if (!producers || producers.rest(producer, agoMs)) logs.admissions.rest(room, producer);
    },
    recall(room, producer, seq, id) {
      const log = logs.find(room);
      return log && seq <= log.producers.last(producer) ? recallOutcome(log, producer, seq, id, now()) : null;
    },
    admissions: logs.admissions,
    read(room, range) {
      const log = logs.open(room);
      log.trim(now());
      return log.read(range);
    },
  };
}

function eventMethods(logs: MemoryLogs): EventMethods {
  return {
    subscribe(room, listener) {
      const log = logs.open(room);
      log.listeners.add(listener);
      return () => {
        log.listeners.delete(listener);
        logs.forgetIfEmpty(room, log);
      };
    },
    publish(room, event) {
      logs.find(room)?.emit(event);
    },
    enter(room, member) {
      const log = logs.open(room);
      const known = log.members.get(member[0]);
      if (known && JSON.stringify(known) === JSON.stringify(member)) return;
      log.members.put(member);
      logs.keepWithinBound();
      log.emit({ type: 'presence', joined: [member], left: [], changed: [] });
    },
    update(room, id, patch) {
      const log = logs.find(room);
      const known = log?.members.get(id);
      if (!log || !known) return;
      log.members.put([known[0], known[1], { ...(known[2] as object | null), ...patch }]);
      logs.keepWithinBound();
      log.emit({ type: 'presence', joined: [], left: [], changed: [[id, patch]] });
    },
    exit(room, id) {
      const log = logs.find(room);
      if (log?.members.remove(id)) log.emit({ type: 'presence', joined: [], left: [id], changed: [] });
    },
    members: (room) => logs.find(room)?.members.list() ?? [],
  };
}

/** A broker in memory has one node, or several servers of one process. */
function nodeMethods(logs: MemoryLogs, listeners: Set<(event: NodeEvent, age: number) => void>): NodeMethods {
  const loads = new Set<() => NodeLoad>();
  const receivers = new Map<string, (parcel: Parcel) => void>();
  return {
    tell(event) {
      if (event.type === 'disconnect') logs.admissions.end(event.user);
      for (const listener of listeners) listener(event, 0);
    },
    listen(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    hand(node, parcel) {
      const receiver = receivers.get(node);
      receiver?.(parcel);
      return receiver !== undefined;
    },
    receive(node, listener) {
      receivers.set(node, listener);
      return () => {
        if (receivers.get(node) === listener) receivers.delete(node);
      };
    },
    announce(load) {
      loads.add(load);
      return {
        refresh: () => undefined,
        end: () => {
          loads.delete(load);
        },
      };
    },
    nodes: () => Array.from(loads, (load) => load()),
  };
}

/**
 * Keeps rooms in the memory of this process. It is the default broker. Nothing survives the process.
 *
 * @example
 * ```ts
 * createRealtimeServer({ rooms, broker: memoryBroker({ bytes: 64 * 2 ** 20 }) });
 * ```
 */
export function memoryBroker({
  now = Date.now,
  randomId = randomText,
  bytes = 2 ** 28,
}: MemoryBrokerOptions = {}): Broker {
  const logs = new MemoryLogs({ now, randomId, maxBytes: bytes });
  const listeners = new Set<(event: NodeEvent, age: number) => void>();
  return {
    ...messageMethods(logs, now, randomId),
    ...eventMethods(logs),
    ...nodeMethods(logs, listeners),
    close() {
      logs.clear();
      listeners.clear();
    },
  };
}
