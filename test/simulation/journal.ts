// A memory broker whose log can be lost, or go back in time as a store does that lost its newest writes.
import type { Append, Appended, Broker, Refusal } from '../../src/server/broker/broker.js';
import { memoryBroker } from '../../src/server/broker/memory-broker.js';
import type { Logged, LogLife, Said } from './history.js';

type Op = { readonly at: number; readonly call: (broker: Broker) => void; readonly ids: string[] };

export interface JournaledBroker {
  readonly broker: Broker;
  /** Forgets everything. */
  lose(): void;
  /** Forgets what the last `count` writes did. Whoever subscribed must do so again. */
  rollBack(count: number): void;
  /** Writes so far in this life. */
  readonly length: number;
  lives(): ReadonlyMap<string, readonly LogLife[]>;
}

export function journaledBroker(
  now: () => number,
  randomId: (characters: number) => string,
): JournaledBroker {
  let ops: Op[] = [];
  let replayed: string[] | null = null;
  let recorded: string[] | null = null;
  let moment: number | null = null;
  const lives = new Map<string, LogLife[]>();
  let lifeId = randomId(10);
  const nextId = (characters: number): string => {
    const id = replayed?.shift() ?? randomId(characters);
    recorded?.push(id);
    return id;
  };
  const make = (): Broker => {
    // The first id that it asks for is that of its life.
    replayed = [lifeId];
    const made = memoryBroker({ now: () => moment ?? now(), randomId: nextId });
    replayed = null;
    return made;
  };
  let broker = make();
  let current = new Map<string, { readonly epoch: string; readonly entries: Logged[] }>();

  const note = ({ room, id, data }: Append, appended: Appended): void => {
    if (appended.status !== 'ok') return;
    let life = current.get(room);
    if (!life) {
      life = { epoch: appended.epoch, entries: [] };
      current.set(room, life);
      lives.set(room, [...(lives.get(room) ?? []), life]);
    }
    life.entries.push({ offset: appended.offset, id, said: data as Said, at: moment ?? now() });
  };

  const write = <T>(call: (it: Broker) => T): T => {
    const op: Op = { at: now(), call, ids: [] };
    ops.push(op);
    recorded = op.ids;
    const result = call(broker);
    recorded = null;
    return result;
  };

  /** Begins anew with the first of what was written. */
  const restart = (kept: readonly Op[]): void => {
    broker = make();
    current = new Map();
    ops = [];
    for (const { at, call, ids } of kept) {
      moment = at;
      replayed = [...ids];
      write(call);
    }
    moment = null;
    replayed = null;
    // A log of which nothing is left has a life too: an empty one.
    for (const [room, known] of lives) {
      if (current.has(room)) continue;
      const life = { epoch: `${lifeId}-0`, entries: [] };
      current.set(room, life);
      lives.set(room, [...known, life]);
    }
  };

  const facade: Broker = {
    append: (append) =>
      write((it) => {
        const appended = it.append(append) as Appended;
        note(append, appended);
        return appended;
      }),
    refuse: (room: string, producer: string, seq: number, id: string, refusal: Refusal) =>
      write((it) => it.refuse(room, producer, seq, id, refusal)),
    watermark: (...args) => broker.watermark(...args),
    recall: (...args) => broker.recall(...args),
    get admissions() {
      return broker.admissions;
    },
    read: (...args) => broker.read(...args),
    subscribe: (...args) => broker.subscribe(...args),
    publish: (...args) => {
      broker.publish(...args);
    },
    enter: (...args) => broker.enter(...args),
    update: (...args) => broker.update(...args),
    exit: (...args) => broker.exit(...args),
    members: (...args) => broker.members(...args),
    tell: (event) => {
      broker.tell(event);
    },
    listen: (listener) => broker.listen(listener),
    hand: (node, parcel) => broker.hand(node, parcel),
    receive: (node, listener) => broker.receive(node, listener),
    announce: (load) => broker.announce(load),
    nodes: () => broker.nodes(),
    close: () => undefined,
  };

  return {
    broker: facade,
    lose() {
      lifeId = randomId(10);
      restart([]);
    },
    rollBack(count) {
      restart(ops.slice(0, Math.max(0, ops.length - count)));
    },
    get length() {
      return ops.length;
    },
    lives: () => lives,
  };
}
