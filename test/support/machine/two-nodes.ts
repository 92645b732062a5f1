// Two server nodes and the one log behind them, as a client meets them: frames are under way for a while, joins take their time, a session moves from one connection to the next. What is drawn comes from the dice.
import type { Event } from '../../../src/client/machine/model/events.js';
import type { ClientFrame, EntryTuple, ServerFrame } from '../../../src/protocol/frames.js';
import type { PositionTuple } from '../../../src/protocol/position.js';
import type { Agenda } from './agenda.js';
import { must } from './must.js';
import { joinedFrame, welcome } from './run.js';

type Sent<T extends ClientFrame['type']> = Extract<ClientFrame, { type: T }>;

/** A connection, with an end at the client and one at a node: each learns later of what the other one did. */
interface Connection {
  readonly attempt: number;
  readonly node: number;
  /** Whether it is there for the client. */
  open: boolean;
  /** Whether it is there for the node. */
  served: boolean;
  welcomed: boolean;
  /** The session that it is of; empty before its hello. */
  instance: string;
  readonly rooms: Set<string>;
  /** When the last message in each direction arrives: none overtakes another. */
  upAt: number;
  downAt: number;
  /** Whether the node works on a hello or a join: what came behind it waits. */
  busy: boolean;
  readonly waiting: ClientFrame[];
}

export interface TwoNodes {
  /** What was said in each room, by whomever. */
  readonly logs: ReadonlyMap<string, readonly EntryTuple[]>;
  /** The attempts of the connections that are there for the client. */
  readonly attempts: readonly number[];
  connect(attempt: number): void;
  write(attempt: number, frames: readonly ClientFrame[]): void;
  close(attempt: number): void;
  /** Somebody else says something. */
  say(room: string, id: string): void;
  /** Every node asks its clients to go elsewhere. */
  sendAway(): void;
  /** A connection breaks; the client is told at once. */
  lose(attempt: number, code: number): void;
  /** From here on nothing fails any more. */
  calm(): void;
  /** Whether a room is joined on this connection, as its node has it. */
  hasJoined(attempt: number, room: string): boolean;
}

/** The member that the client is, on whichever connection. */
const member = 'me';
const epoch = 'e';

/** The longest delays, in ms. */
const opening = 300;
const delay = 100;
/** The time until a node hears of an end. */
const closing = 300;
const greeting = 300;
const joining = 100;
const slowJoining = 3_000;

/** The place behind so many entries of a log. */
const positionAt = (offset: number): PositionTuple => [epoch, offset, offset ? `t${offset}` : ''];

/** Hands the client's events to `tell`. */
export function createTwoNodes(
  agenda: Agenda,
  random: () => number,
  roomIds: readonly string[],
  tell: (event: Event) => void,
): TwoNodes {
  const logs = new Map(roomIds.map((room): [string, EntryTuple[]] => [room, []]));
  /** As the client has them. */
  const connections = new Map<number, Connection>();
  /** As the nodes have them. */
  const served = new Set<Connection>();
  /** The last number that the log has of a session in a room. */
  const lastNumbers = new Map<string, number>();
  let calm = false;

  const chance = (share: number): boolean => random() < share;
  const fails = (share: number): boolean => !calm && chance(share);
  const logOf = (room: string): EntryTuple[] => logs.get(room) ?? [];

  /** When the next message arrives at the node, and at the client. */
  const arrivalUp = (connection: Connection, most: number): number =>
    (connection.upAt = Math.max(connection.upAt, agenda.now + random() * most));
  const arrivalDown = (connection: Connection, most: number): number =>
    (connection.downAt = Math.max(connection.downAt, agenda.now + random() * most));

  function reply(connection: Connection, frame: ServerFrame): void {
    agenda.at(arrivalDown(connection, delay), () => {
      if (connection.open) tell({ type: 'received', attempt: connection.attempt, frames: [frame] });
    });
  }

  function forget(connection: Connection): void {
    connection.served = false;
    connection.rooms.clear();
    served.delete(connection);
  }

  /** The client's end is no more. */
  function leave(connection: Connection): void {
    connection.open = false;
    connections.delete(connection.attempt);
  }

  function breakOff(connection: Connection, code: number): void {
    if (!connection.open) return;
    leave(connection);
    agenda.after(random() * closing, () => {
      forget(connection);
    });
    tell({ type: 'lost', attempt: connection.attempt, code, reason: '' });
  }

  function replace(connection: Connection): void {
    forget(connection);
    agenda.at(arrivalDown(connection, delay), () => {
      breakOff(connection, 4009);
    });
  }

  function append(room: string, id: string, sender: string): number {
    const log = logOf(room);
    const before = log.length;
    const [, , previous] = positionAt(before);
    const [, offset, tag] = positionAt(before + 1);
    const entry: EntryTuple = [offset, tag, previous, id, 0, [sender, null], 'post', 1, id];
    log.push(entry);
    for (const connection of served)
      if (connection.rooms.has(room)) reply(connection, { type: 'message', room, entry });
    return offset;
  }

  /** Works on one frame for a while, and on what came behind it afterwards. */
  function takeTime(connection: Connection, most: number, then: () => void): void {
    connection.busy = true;
    agenda.after(random() * most, () => {
      connection.busy = false;
      if (!connection.served) return;
      then();
      work(connection);
    });
  }

  function work(connection: Connection): void {
    while (connection.served && !connection.busy) {
      const frame = connection.waiting.shift();
      if (!frame) return;
      serve(connection, frame);
    }
  }

  /** A node has one connection of a session: the newest, in whatever order they come. */
  function greet(connection: Connection): void {
    const others = Array.from(served).filter(
      (other) =>
        other !== connection &&
        other.welcomed &&
        other.node === connection.node &&
        other.instance === connection.instance,
    );
    if (others.some(({ attempt }) => attempt > connection.attempt)) {
      replace(connection);
      return;
    }
    for (const other of others) replace(other);
    connection.welcomed = true;
    reply(connection, welcome({ member, time: agenda.now, node: String(connection.node) }));
  }

  function join(connection: Connection, { room, position, history }: Sent<'join'>): void {
    if (fails(0.05)) {
      reply(connection, { type: 'error', ref: room, code: 'unavailable', reason: '' });
      return;
    }
    const log = logOf(room);
    const from = position ? position[1] : Math.max(0, log.length - history);
    connection.rooms.add(room);
    reply(
      connection,
      joinedFrame(room, {
        position: position ?? positionAt(from),
        recovered: position !== null,
        messages: log.slice(from),
        last: lastNumbers.get(`${connection.instance} ${room}`) ?? 0,
        more: position === null && from > 0,
      }),
    );
  }

  function take(connection: Connection, { room, seq, id, follows }: Sent<'send'>): void {
    const refuse = (code: string, after: number | null): void => {
      reply(connection, { type: 'nack', room, seq, code, after, reason: null, details: null });
    };
    const acknowledge = (offset: number, duplicate: boolean): void => {
      reply(connection, { type: 'ack', room, epoch, receipts: [[seq, offset, 0, duplicate]] });
    };
    if (!connection.rooms.has(room)) return refuse('not-joined', null);
    const key = `${connection.instance} ${room}`;
    const last = lastNumbers.get(key) ?? 0;
    if (seq <= last) {
      const known = logOf(room).find((entry) => entry[3] === id);
      must(known !== undefined, 'a number is of one message for good', [room, seq, id]);
      return acknowledge(known?.[0] ?? 0, true);
    }
    if (seq !== last + 1 && follows !== last) return refuse('gap', last);
    lastNumbers.set(key, seq);
    return acknowledge(append(room, id, member), false);
  }

  function lookBack(connection: Connection, { ref, room, before, limit }: Sent<'history'>): void {
    const older = logOf(room).filter(([offset]) => offset < (before ?? Infinity));
    reply(connection, { type: 'history', ref, messages: older.slice(-limit), more: older.length > limit });
  }

  function serve(connection: Connection, frame: ClientFrame): void {
    switch (frame.type) {
      case 'hello':
        served.add(connection);
        connection.instance = frame.instance;
        return takeTime(connection, greeting, () => {
          greet(connection);
        });
      case 'join':
        return takeTime(connection, chance(0.3) ? slowJoining : joining, () => {
          join(connection, frame);
        });
      case 'leave':
        connection.rooms.delete(frame.room);
        return reply(connection, { type: 'left', room: frame.room, code: null });
      case 'send':
        return take(connection, frame);
      case 'history':
        return lookBack(connection, frame);
      case 'ping':
        return reply(connection, { type: 'pong', time: frame.time });
      default:
        throw new Error(`nobody here says ${frame.type}`);
    }
  }

  return {
    logs,
    get attempts() {
      return [...connections.keys()];
    },
    connect(attempt) {
      const connection: Connection = {
        attempt,
        node: chance(0.5) ? 0 : 1,
        open: true,
        served: true,
        welcomed: false,
        instance: '',
        rooms: new Set(),
        upAt: agenda.now,
        downAt: agenda.now,
        busy: false,
        waiting: [],
      };
      connections.set(attempt, connection);
      if (fails(0.15)) {
        agenda.after(random() * 500, () => {
          breakOff(connection, 1006);
        });
        return;
      }
      agenda.at(arrivalDown(connection, opening), () => {
        if (connection.open)
          tell({ type: 'opened', attempt, transport: 'websocket', codec: 'json', token: 't' });
      });
    },
    write(attempt, frames) {
      const connection = connections.get(attempt);
      must(connection !== undefined, 'only what is open is written to', attempt);
      if (!connection) return;
      for (const frame of frames) {
        agenda.at(arrivalUp(connection, delay), () => {
          connection.waiting.push(frame);
          work(connection);
        });
      }
    },
    close(attempt) {
      const connection = connections.get(attempt);
      // One that was lost is closed too.
      if (!connection) return;
      leave(connection);
      agenda.at(arrivalUp(connection, closing), () => {
        forget(connection);
      });
    },
    say(room, id) {
      append(room, id, 'another');
    },
    sendAway() {
      for (const connection of served)
        if (connection.welcomed) reply(connection, { type: 'goaway', within: 2_000 });
    },
    lose(attempt, code) {
      const connection = connections.get(attempt);
      if (connection) breakOff(connection, code);
    },
    calm() {
      calm = true;
    },
    hasJoined: (attempt, room) => connections.get(attempt)?.rooms.has(room) ?? false,
  };
}
