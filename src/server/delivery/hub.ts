// Within this node: who is in which room, and the way of a room's events to its members. Encodes once for each codec in use.
import type { EntryTuple, MemberTuple, ServerFrame } from '../../protocol/frames.js';
import { serverTuple } from '../../protocol/parse.js';
import type { Position } from '../../protocol/position.js';
import type { Broker, RoomEvent } from '../broker/broker.js';
import { encodedOnce } from './encode-once.js';
import type { Behind, Receiver } from './receiver.js';
import type { ServerPorts } from '../ports/ports.js';
import { isPortion, portions } from '../util/frame-splitting.js';
import { createPaces, type Pace } from './room-rate.js';
import { createRoster, type Roster } from './member-list.js';
import { keep, nothingKept } from './broadcast-backlog.js';
import type { SlowPolicy } from '../rooms/slow-policy.js';

type Presence = Extract<ServerFrame, { type: 'presence' }>;

interface HubRoom {
  readonly members: Set<Receiver>;
  listening: Promise<() => void> | (() => void);
  readonly pace: Pace;
  diff: Diff | null;
  /** Who is there; null until somebody asks. What is heard while the broker is asked is applied behind its answer. */
  roster: Roster | null;
  asking: Promise<Roster> | null;
  early: Extract<RoomEvent, { type: 'presence' }>[];
  /** The newest entry heard. */
  last: EntryTuple | null;
}

/** Comings and goings since the last tick. */
interface Diff {
  readonly joined: Map<string, MemberTuple>;
  readonly left: Set<string>;
  readonly changed: Map<string, Record<string, unknown>>;
}

export interface Hub {
  /** How fast a room may be spoken in here. `rate`: what the room says of it, if anything. */
  pace(room: string, rate: number | null): Pace;
  /** Takes a member in, with its events held back until `go`. Resolves once the node hears the room. */
  enter(receiver: Receiver): Promise<void>;
  /** Hands a member what was held back, and from then on what happens. `at`: where it stands in the log. */
  go(receiver: Receiver, at: Position): void;
  /** From here on what happens passes a member by. */
  fallBehind(receiver: Receiver): void;
  leave(receiver: Receiver): void;
  members(room: string): Iterable<Receiver>;
  /** Who is in a room, whichever node has them. The broker is asked once for all members that this node has there. */
  roster(room: string): Promise<Roster>;
  /** The same, where it was asked for before. */
  known(room: string): Roster | null;
  readonly rooms: number;
  /** Messages and broadcasts, counted for each member they went to. */
  readonly delivered: number;
}

/** How long comings, goings and presence changes of a room are gathered, in ms. */
export const presenceTick = 50;

/** Members whose changes are kept for a reader that is behind. Beyond them it joins again. */
const mostTouched = 20_000;

/** What a member that is behind must learn later beside the log. Whether that is all that is to be done about it. */
function note(behind: Behind, frame: ServerFrame, policy: SlowPolicy): boolean {
  if (frame.type === 'broadcast') return keep(behind.kept, policy, frame);
  if (frame.type !== 'presence') return false;
  if (behind.touched === 'many') return false;
  behind.touched ??= new Set();
  for (const id of frame.left) behind.touched.add(id);
  for (const [id] of frame.joined) behind.touched.add(id);
  for (const [id] of frame.changed) behind.touched.add(id);
  if (behind.touched.size > mostTouched) behind.touched = 'many';
  return false;
}

/** What changed in a room's presence: one frame, or several where it would be too large for one. Nobody is in two of the lists, so that their order does not matter. */
export function presenceFrames(
  room: string,
  joined: Presence['joined'],
  left: Presence['left'],
  changed: Presence['changed'],
): readonly Presence[] {
  const frame = (
    ...lists: readonly [Presence['joined'], Presence['left'], Presence['changed']]
  ): Presence => ({ type: 'presence', room, joined: lists[0], left: lists[1], changed: lists[2] });
  if (isPortion(joined, left, changed)) return [frame(joined, left, changed)];
  return [
    ...portions(joined).map((some) => frame(some, [], [])),
    ...portions(left).map((some) => frame([], some, [])),
    ...portions(changed).map((some) => frame([], [], some)),
  ];
}

/** `roomRate`: what is let into a room a second, unless the room says otherwise. */
export function createHub(
  broker: Broker,
  ports: Pick<ServerPorts, 'after' | 'steady'>,
  roomRate: number,
): Hub {
  const rooms = new Map<string, HubRoom>();
  const paces = createPaces(ports);
  let dirty: string[] = [];
  let delivered = 0;

  const toAll = (room: HubRoom, frame: ServerFrame, except: string | null): void => {
    const encode = encodedOnce(frame);
    const offset = frame.type === 'message' ? frame.entry[0] : 0;
    for (const member of room.members) {
      if (except !== null && member.member === except) continue;
      const { outgoing } = member;
      if (member.behind && note(member.behind, frame, member.served.slow)) continue;
      if (member.waiting) {
        // Held back with its offset, so that what the log already gave is not given again.
        member.waiting.push({
          offset,
          deliver() {
            outgoing.push(encode(outgoing.codec));
          },
        });
      } else if (!member.behind) outgoing.push(encode(outgoing.codec));
    }
  };

  const flushPresence = (): void => {
    const ids = dirty;
    dirty = [];
    for (const id of ids) {
      const room = rooms.get(id);
      if (!room?.diff) continue;
      const { joined, left, changed } = room.diff;
      room.diff = null;
      for (const frame of presenceFrames(id, [...joined.values()], [...left], [...changed]))
        toAll(room, frame, null);
    }
  };

  const gather = (id: string, room: HubRoom, event: Extract<RoomEvent, { type: 'presence' }>): void => {
    if (!room.diff) {
      room.diff = { joined: new Map(), left: new Set(), changed: new Map() };
      if (dirty.push(id) === 1) ports.after(presenceTick, flushPresence);
    }
    const { joined, left, changed } = room.diff;
    for (const member of event.joined) {
      joined.set(member[0], member);
      left.delete(member[0]);
      changed.delete(member[0]);
    }
    for (const [member, patch] of event.changed) {
      const fresh = joined.get(member);
      if (fresh) joined.set(member, [fresh[0], fresh[1], { ...(fresh[2] as object | null), ...patch }]);
      else changed.set(member, { ...changed.get(member), ...patch });
    }
    for (const member of event.left) {
      joined.delete(member);
      changed.delete(member);
      left.add(member);
    }
  };

  const hear = (id: string, room: HubRoom, event: RoomEvent): void => {
    // One that everybody left hears for nobody, though another of its name may be there.
    if (rooms.get(id) !== room) return;
    switch (event.type) {
      case 'entry':
        room.last = event.entry;
        delivered += room.members.size;
        toAll(room, { type: 'message', room: id, entry: event.entry }, null);
        return;
      case 'broadcast':
        delivered += room.members.size;
        toAll(
          room,
          {
            type: 'broadcast',
            room: id,
            sender: event.sender,
            message: event.message,
            version: event.version,
            data: event.data,
          },
          event.except,
        );
        return;
      case 'presence': {
        if (room.asking) room.early.push(event);
        const news = room.roster ? room.roster.news(event) : event;
        if (!news) return;
        gather(id, room, news);
        room.roster?.apply(news);
        return;
      }
      case 'reset':
        toAll(room, { type: 'reset', room: id, why: event.why }, null);
        return;
      default:
        event satisfies never;
    }
  };

  async function ask(id: string, room: HubRoom): Promise<Roster> {
    const roster = createRoster(id, await broker.members(id));
    for (const event of room.early) roster.apply(event);
    return (room.roster = roster);
  }

  return {
    pace: (room, rate) => rooms.get(room)?.pace ?? paces.of(room, rate ?? roomRate),
    async enter(receiver) {
      let room = rooms.get(receiver.room);
      if (!room) {
        const made: HubRoom = {
          members: new Set(),
          listening: () => undefined,
          pace: receiver.pace,
          diff: null,
          roster: null,
          asking: null,
          early: [],
          last: null,
        };
        rooms.set(receiver.room, (room = made));
        made.listening = broker.subscribe(receiver.room, (event) => {
          hear(receiver.room, made, event);
        });
      }
      room.members.add(receiver);
      try {
        if (room.listening instanceof Promise) await room.listening;
      } catch (error) {
        // Whoever comes next asks anew.
        room.members.delete(receiver);
        if (rooms.get(receiver.room) === room) rooms.delete(receiver.room);
        throw error;
      }
    },
    go(receiver, at) {
      const held = receiver.waiting ?? [];
      const kept = receiver.behind?.kept.frames.values() ?? [];
      const top = at.offset;
      receiver.waiting = null;
      receiver.behind = null;
      receiver.at = at;
      for (const frame of kept) receiver.outgoing.push(receiver.outgoing.codec.encode(serverTuple(frame)));
      for (const frame of held) if (frame.offset === 0 || frame.offset > top) frame.deliver();
    },
    fallBehind(receiver) {
      const { at, room } = receiver;
      const last = rooms.get(room)?.last;
      if (!at || receiver.waiting) return;
      receiver.behind ??= {
        at: last && last[0] > at.offset ? { epoch: at.epoch, offset: last[0], tag: last[1] } : at,
        touched: null,
        kept: nothingKept(),
      };
    },
    leave(receiver) {
      const room = rooms.get(receiver.room);
      if (!room?.members.delete(receiver) || room.members.size > 0) return;
      rooms.delete(receiver.room);
      if (room.listening instanceof Promise)
        room.listening.then(
          (stop) => {
            stop();
          },
          () => undefined,
        );
      else room.listening();
    },
    members: (room) => rooms.get(room)?.members ?? [],
    known: (room) => rooms.get(room)?.roster ?? null,
    async roster(id) {
      const room = rooms.get(id);
      if (!room) return createRoster(id, []);
      if (room.roster) return room.roster;
      try {
        return await (room.asking ??= ask(id, room));
      } finally {
        // Where the broker could not be asked, whoever joins next asks anew.
        room.asking = null;
        room.early = [];
      }
    },
    get delivered() {
      return delivered;
    },
    get rooms() {
      return rooms.size;
    },
  };
}
