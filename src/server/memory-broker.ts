// The broker of a single process: everything in memory, every answer at once.
import type { EntryTuple, MemberTuple } from '../protocol/frames.js';
import type { Position } from '../protocol/position.js';
import { memoryAdmissions } from './memory-admissions.js';
import { newestBefore, oldestOf } from './portions.js';
import { weightOf } from './weight.js';
import type {
  Append,
  Appended,
  Broker,
  LogLimits,
  LogPage,
  NodeEvent,
  NodeLoad,
  Parcel,
  Range,
  Refusal,
  RoomEvent,
  Unrecoverable,
} from './broker.js';

interface Settled {
  readonly id: string;
  readonly outcome:
    | { readonly offset: number; readonly timestamp: number; readonly result: unknown; readonly tag: string }
    | { readonly refusal: Refusal };
}

interface Producer {
  last: number;
  usedAt: number;
  /** The newest outcomes by seq, oldest first. */
  readonly settled: Map<number, Settled>;
}

interface Log {
  readonly epoch: string;
  /** As the newest append said. */
  limits: LogLimits;
  /** Oldest first, offsets without a gap. */
  entries: EntryTuple[];
  /** What each of them costs, in bytes, and all together. */
  weights: number[];
  weight: number;
  top: Position;
  readonly producers: Map<string, Producer>;
  readonly members: Map<string, MemberTuple>;
  readonly listeners: Set<(event: RoomEvent) => void>;
}

export interface MemoryBrokerOptions {
  /** The clock, in ms. Default `Date.now`. */
  readonly now?: () => number;
  readonly randomId?: (characters: number) => string;
  /** What all logs may cost in memory, in bytes, about: beyond it the longest lose their oldest entries. Default 256 MiB; a quarter of the heap where a Node server makes its own broker. */
  readonly bytes?: number;
}

/** What an entry costs beside its data, in bytes. */
const entryWeight = 300;
/** Receipts and refusals remembered for each producer of a room. */
const settledLimit = 512;
/** How long a producer that was not heard of is remembered, in ms: 24 h. */
const producerTime = 86_400_000;
/** What is old is looked for in all rooms once in so many uses of any, … */
const sweepEvery = 4_096;
/** … and at the first use after so long, in ms. No timer: what nobody uses does not grow. */
const sweepTime = 600_000;

const randomText = (characters: number): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(characters)), (byte) => (byte & 31).toString(32)).join('');

/** The default broker: one process, nothing survives it. */
export function memoryBroker({
  now = Date.now,
  randomId = randomText,
  bytes = 2 ** 28,
}: MemoryBrokerOptions = {}): Broker {
  const logs = new Map<string, Log>();
  const loads = new Set<() => NodeLoad>();
  const receivers = new Map<string, (parcel: Parcel) => void>();
  const nodes = new Set<(event: NodeEvent, age: number) => void>();
  const admissions = memoryAdmissions(now);
  let weight = 0;
  let uses = 0;
  let sweptAt = now();
  // One epoch for all logs, until one that had entries is forgotten: a room that is empty and forgotten for a moment is still the same to who comes back to it.
  const life = randomId(10);
  let forgotten = 0;

  const logOf = (room: string): Log => {
    if (++uses % sweepEvery === 0 || now() - sweptAt > sweepTime) sweep();
    let log = logs.get(room);
    if (!log) {
      const epoch = `${life}-${forgotten}`;
      log = {
        epoch,
        limits: { limit: 0, ttl: Infinity },
        entries: [],
        weights: [],
        weight: 0,
        top: { epoch, offset: 0, tag: '' },
        producers: new Map(),
        members: new Map(),
        listeners: new Set(),
      };
      logs.set(room, log);
    }
    return log;
  };

  const emit = (log: Log, event: RoomEvent): void => {
    for (const listener of log.listeners) listener(event);
  };

  const producerOf = (log: Log, name: string): Producer => {
    let producer = log.producers.get(name);
    if (!producer) log.producers.set(name, (producer = { last: 0, usedAt: now(), settled: new Map() }));
    return producer;
  };

  const settle = (producer: Producer, seq: number, settled: Settled): void => {
    producer.last = seq;
    producer.usedAt = now();
    producer.settled.set(seq, settled);
    if (producer.settled.size > settledLimit)
      producer.settled.delete(producer.settled.keys().next().value as number);
  };

  const remembered = (log: Log, producer: Producer, seq: number, id: string): Appended => {
    const known = producer.settled.get(seq);
    if (!known)
      return { status: 'duplicate', epoch: log.epoch, offset: null, timestamp: now(), result: null };
    if (known.id !== id) return { status: 'conflict' };
    if ('refusal' in known.outcome) return { status: 'refused', refusal: known.outcome.refusal };
    return { status: 'duplicate', epoch: log.epoch, ...known.outcome };
  };

  /** The oldest entries of a log leave. */
  const drop = (log: Log, count: number): void => {
    if (count === 0) return;
    let less = 0;
    for (let at = 0; at < count; at++) less += log.weights[at] as number;
    log.entries = log.entries.slice(count);
    log.weights = log.weights.slice(count);
    log.weight -= less;
    weight -= less;
  };

  /** All logs together are too heavy: those that are heavier than a fair share are cut to it. A fifth is freed at once, so that this is seldom. */
  const relieve = (): void => {
    const heaviest = [...logs.values()]
      .filter((log) => log.weight > 0)
      .toSorted((one, two) => one.weight - two.weight);
    let left = bytes * 0.8;
    for (const [at, log] of heaviest.entries()) {
      const share = left / (heaviest.length - at);
      let count = 0;
      for (let over = log.weight - share; over > 0 && count < log.weights.length; count++)
        over -= log.weights[count] as number;
      drop(log, count);
      left -= log.weight;
    }
  };

  /** Entries leave in slices, so that an append costs the same however long the log is. */
  const trim = (log: Log): void => {
    const {
      entries,
      limits: { limit, ttl },
    } = log;
    const oldest = now() - ttl;
    let surplus = entries.length > limit * 1.25 + 16 ? entries.length - limit : 0;
    while (surplus < entries.length && (entries[surplus] as EntryTuple)[4] < oldest) surplus++;
    drop(log, surplus);
  };

  /** Forgets what is too old, and rooms of which nothing else is left. A room that is forgotten begins a new epoch. */
  function sweep(): void {
    sweptAt = now();
    admissions.sweep();
    for (const [room, log] of logs) {
      trim(log);
      for (const [name, { usedAt }] of log.producers)
        if (now() - usedAt > producerTime) log.producers.delete(name);
      if (log.entries.length + log.producers.size + log.members.size + log.listeners.size === 0) {
        logs.delete(room);
        if (log.top.offset > 0) forgotten++;
      }
    }
  }

  function append(it: Append): Appended {
    const log = logOf(it.room);
    const producer = it.producer === null ? null : producerOf(log, it.producer);
    if (producer) {
      if (it.seq <= producer.last) return remembered(log, producer, it.seq, it.id);
      if (it.follows !== producer.last) return { status: 'gap', last: producer.last };
    }
    const timestamp = now();
    const offset = log.top.offset + 1;
    const tag = randomId(8);
    const entry: EntryTuple = [
      offset,
      tag,
      log.top.tag,
      it.id,
      timestamp,
      it.sender,
      it.type,
      it.version,
      it.data,
    ];
    log.top = { epoch: log.epoch, offset, tag };
    if (it.log.limit > 0) {
      const cost = entryWeight + weightOf(it.data);
      log.entries.push(entry);
      log.weights.push(cost);
      log.weight += cost;
      weight += cost;
    }
    if (producer)
      settle(producer, it.seq, { id: it.id, outcome: { offset, timestamp, result: it.result, tag } });
    log.limits = it.log;
    trim(log);
    if (weight > bytes) relieve();
    emit(log, { type: 'entry', entry });
    return { status: 'ok', epoch: log.epoch, offset, timestamp, tag };
  }

  /** Where a reader stands before the entry at `index`. */
  const beforeIndex = (log: Log, index: number): Position => {
    const entry = log.entries[index];
    return entry ? { epoch: log.epoch, offset: entry[0] - 1, tag: entry[2] } : log.top;
  };

  function read(room: string, range: Range): LogPage | Unrecoverable {
    const log = logOf(room);
    trim(log);
    const { entries, top, epoch } = log;
    const first = entries[0]?.[0] ?? top.offset + 1;
    if ('after' in range) {
      const { after } = range;
      if (after.epoch !== epoch) return { why: 'epoch' };
      if (after.offset > top.offset) return { why: 'rewound' };
      if (after.offset === top.offset)
        return after.tag === top.tag
          ? { epoch, top, from: after, entries: [], more: entries.length > 0 }
          : { why: 'rewound' };
      if (after.offset + 1 < first) return { why: 'trimmed' };
      const index = after.offset + 1 - first;
      if ((entries[index] as EntryTuple)[2] !== after.tag) return { why: 'rewound' };
      const { limit = Infinity, bytes: most = Infinity } = range;
      const some = oldestOf(entries, index, limit, most);
      return { epoch, top, from: after, entries: some, more: index > 0 };
    }
    const end =
      range.before === null ? entries.length : Math.min(entries.length, Math.max(0, range.before - first));
    const start = end - newestBefore(entries, end, range.limit, range.bytes ?? Infinity);
    return {
      epoch,
      top,
      from: range.limit === 0 && range.before === null ? top : beforeIndex(log, start),
      entries: entries.slice(start, end),
      more: start > 0,
    };
  }

  return {
    append,
    refuse(room, name, seq, id, refusal) {
      const producer = producerOf(logOf(room), name);
      if (seq > producer.last) settle(producer, seq, { id, outcome: { refusal } });
    },
    watermark(room, name) {
      const producer = logs.get(room)?.producers.get(name);
      if (producer) producer.usedAt = now();
      admissions.use(room, name);
      return producer?.last ?? 0;
    },
    recall(room, name, seq, id) {
      const log = logs.get(room);
      const producer = log?.producers.get(name);
      return log && producer && seq <= producer.last ? remembered(log, producer, seq, id) : null;
    },
    admissions,
    read,
    subscribe(room, listener) {
      const log = logOf(room);
      log.listeners.add(listener);
      return () => {
        log.listeners.delete(listener);
        if (
          log.top.offset === 0 &&
          log.listeners.size === 0 &&
          log.members.size === 0 &&
          log.producers.size === 0
        )
          logs.delete(room);
      };
    },
    publish(room, event) {
      const log = logs.get(room);
      if (log) emit(log, event);
    },
    enter(room, member) {
      const log = logOf(room);
      const known = log.members.get(member[0]);
      if (known && JSON.stringify(known) === JSON.stringify(member)) return;
      log.members.set(member[0], member);
      emit(log, { type: 'presence', joined: [member], left: [], changed: [] });
    },
    update(room, id, patch) {
      const log = logs.get(room);
      const known = log?.members.get(id);
      if (!log || !known) return;
      log.members.set(id, [known[0], known[1], { ...(known[2] as object | null), ...patch }]);
      emit(log, { type: 'presence', joined: [], left: [], changed: [[id, patch]] });
    },
    exit(room, id) {
      const log = logs.get(room);
      if (log?.members.delete(id)) emit(log, { type: 'presence', joined: [], left: [id], changed: [] });
    },
    members: (room) => [...(logs.get(room)?.members.values() ?? [])],
    tell(event) {
      if (event.type === 'disconnect') admissions.end(event.user);
      for (const node of nodes) node(event, 0);
    },
    listen(listener) {
      nodes.add(listener);
      return () => {
        nodes.delete(listener);
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
    close() {
      logs.clear();
      admissions.clear();
      weight = 0;
      nodes.clear();
    },
  };
}
