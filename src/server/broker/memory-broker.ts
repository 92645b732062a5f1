// The broker of a single process: everything in memory, every answer at once.
import type { EntryTuple } from '../../protocol/frames.js';
import type { Position } from '../../protocol/position.js';
import { memoryAdmissions } from './memory-admissions.js';
import { RoomMembers, type MembersMemory } from './memory-members.js';
import { MemoryProducers, type RoomProducers } from './memory-producers.js';
import { countNewestBefore, oldestItems } from '../util/frame-splitting.js';
import { memorySizeOf } from '../util/memory-size.js';
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
  RoomEvent,
  Unrecoverable,
} from './broker.js';

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
  readonly producers: RoomProducers;
  readonly members: RoomMembers;
  readonly listeners: Set<(event: RoomEvent) => void>;
}

export interface MemoryBrokerOptions {
  /** The clock, in ms. Default `Date.now`. */
  readonly now?: () => number;
  readonly randomId?: (characters: number) => string;
  /**
   * What rooms may cost in memory, in bytes, about. Beyond it the longest logs lose their oldest entries. A quarter of it is for what is remembered of sessions: beyond
   * that the oldest results and details of refusals go first, then sessions that are not there any more, then outcomes of
   * messages. Default 256 MiB; a quarter of the heap where a Node server makes its own broker.
   */
  readonly bytes?: number;
}

/** What an entry costs beside its data, in bytes. */
const entryBytes = 300;
/** What is old is looked for in all rooms once in so many uses of any, … */
const sweepEveryUses = 4_096;
/** … and at the first use after so long, in ms. No timer: what nobody uses does not grow. */
const sweepEveryMs = 600_000;

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
  const admissions = memoryAdmissions(now, bytes / 16);
  const producers = new MemoryProducers(now, bytes / 4);
  const membersTogether: MembersMemory = { bytes: 0 };
  /** What all entries cost, in bytes. */
  let weight = 0;
  let uses = 0;
  let sweptAt = now();
  // One epoch for all logs, until one that had entries is forgotten: a room that is empty and forgotten for a moment is still the same to who comes back to it.
  const life = randomId(10);
  let forgotten = 0;

  const logOf = (room: string): Log => {
    if (++uses % sweepEveryUses === 0 || now() - sweptAt > sweepEveryMs) sweep();
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
        producers: producers.room(),
        members: new RoomMembers(membersTogether),
        listeners: new Set(),
      };
      logs.set(room, log);
    }
    return log;
  };

  const emit = (log: Log, event: RoomEvent): void => {
    for (const listener of log.listeners) listener(event);
  };

  const remembered = (log: Log, producer: string, seq: number, id: string): Appended => {
    const known = log.producers.outcome(producer, seq);
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

  /** Where all logs together are too heavy, those that are heavier than a fair share are cut to it. A fifth is freed at once, so that this is seldom. */
  const relieve = (): void => {
    // Logs have what producers and members leave, and a quarter in any case.
    const most = Math.max(bytes / 4, bytes - producers.bytes - membersTogether.bytes);
    if (weight <= most) return;
    const heaviest = [...logs.values()]
      .filter((log) => log.weight > 0)
      .toSorted((one, two) => one.weight - two.weight);
    let left = most * 0.8;
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

  const forget = (room: string, log: Log): void => {
    producers.end(log.producers);
    logs.delete(room);
  };

  /** Forgets what is too old, and rooms of which nothing else is left. A room that is forgotten begins a new epoch. */
  function sweep(): void {
    sweptAt = now();
    admissions.sweep();
    producers.sweep();
    for (const [room, log] of logs) {
      trim(log);
      if (log.entries.length + log.producers.size + log.members.size + log.listeners.size === 0) {
        forget(room, log);
        if (log.top.offset > 0) forgotten++;
      }
    }
  }

  function append(it: Append): Appended {
    const log = logOf(it.room);
    const { producer } = it;
    if (producer !== null) {
      const last = log.producers.last(producer);
      if (it.seq <= last) return remembered(log, producer, it.seq, it.id);
      if (it.follows !== last) return { status: 'gap', last };
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
      const cost = entryBytes + memorySizeOf(it.data);
      log.entries.push(entry);
      log.weights.push(cost);
      log.weight += cost;
      weight += cost;
    }
    if (producer !== null)
      log.producers.settle(producer, it.seq, {
        id: it.id,
        outcome: { offset, timestamp, result: it.result, tag },
      });
    log.limits = it.log;
    trim(log);
    relieve();
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
      const some = oldestItems(entries, index, limit, most);
      return { epoch, top, from: after, entries: some, more: index > 0 };
    }
    const end =
      range.before === null ? entries.length : Math.min(entries.length, Math.max(0, range.before - first));
    const start = end - countNewestBefore(entries, end, range.limit, range.bytes ?? Infinity);
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
      const { producers: those } = logOf(room);
      if (seq > those.last(name)) those.settle(name, seq, { id, outcome: { refusal } });
      relieve();
    },
    watermark(room, name) {
      const those = logs.get(room)?.producers;
      those?.use(name);
      admissions.use(room, name);
      return those?.last(name) ?? 0;
    },
    rest(room, name, agoMs) {
      const those = logs.get(room)?.producers;
      if (!those || those.rest(name, agoMs)) admissions.rest(room, name);
    },
    recall(room, name, seq, id) {
      const log = logs.get(room);
      return log && seq <= log.producers.last(name) ? remembered(log, name, seq, id) : null;
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
          forget(room, log);
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
      log.members.put(member);
      relieve();
      emit(log, { type: 'presence', joined: [member], left: [], changed: [] });
    },
    update(room, id, patch) {
      const log = logs.get(room);
      const known = log?.members.get(id);
      if (!log || !known) return;
      log.members.put([known[0], known[1], { ...(known[2] as object | null), ...patch }]);
      relieve();
      emit(log, { type: 'presence', joined: [], left: [], changed: [[id, patch]] });
    },
    exit(room, id) {
      const log = logs.get(room);
      if (log?.members.remove(id)) emit(log, { type: 'presence', joined: [], left: [id], changed: [] });
    },
    members: (room) => logs.get(room)?.members.list() ?? [],
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
      producers.clear();
      weight = membersTogether.bytes = 0;
      nodes.clear();
    },
  };
}
