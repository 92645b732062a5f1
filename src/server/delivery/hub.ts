// The rooms of this node: their members here, and the way of each room's events to them. An event is encoded
// once for each codec in use.
import type { EntryTuple, MemberTuple, ServerFrame } from '../../protocol/frames.js';
import { serverTuple } from '../../protocol/parse.js';
import type { Position } from '../../protocol/position.js';
import type { Broker, RoomEvent } from '../broker/broker.js';
import { encodeOnce } from './encode-once.js';
import type { BehindState, Receiver } from './receiver.js';
import type { ServerPorts } from '../ports/ports.js';
import { fitsOneFrame, splitIntoPortions } from '../util/frame-splitting.js';
import { createRoomRates, type RoomRate } from './room-rate.js';
import { createMemberList, type MemberList } from './member-list.js';
import { keepBroadcast, emptyBacklog } from './broadcast-backlog.js';
import type { SlowPolicy } from '../rooms/slow-policy.js';

type PresenceFrame = Extract<ServerFrame, { type: 'presence' }>;

interface HubRoom {
  readonly members: Set<Receiver>;
  listening: Promise<() => void> | (() => void);
  readonly roomRate: RoomRate;
  diff: PresenceDiff | null;
  /**
   * The members of the room on all nodes; null until they are asked for. Events that arrive while the broker
   * is asked are applied to its answer.
   */
  memberList: MemberList | null;
  askingMembers: Promise<MemberList> | null;
  earlyEvents: Extract<RoomEvent, { type: 'presence' }>[];
  /** The newest entry that this node heard. */
  newestEntry: EntryTuple | null;
}

/** The changes of a room's members since the last tick. */
interface PresenceDiff {
  readonly joined: Map<string, MemberTuple>;
  readonly left: Set<string>;
  readonly changed: Map<string, Record<string, unknown>>;
}

export interface Hub {
  /** The rate limit of a room on this node. `rate`: messages per second that the room defines, or null. */
  rateOf(room: string, rate: number | null): RoomRate;
  /** Adds a member, and holds its events back until `goLive`. Resolves once this node hears the room. */
  enter(receiver: Receiver): Promise<void>;
  /**
   * Delivers the frames that were held back, and from now on each event at once. `at`: where the member
   * stands in the log.
   */
  goLive(receiver: Receiver, at: Position): void;
  /** From now on the room's events pass the member by. */
  fallBehind(receiver: Receiver): void;
  leave(receiver: Receiver): void;
  members(room: string): Iterable<Receiver>;
  /**
   * The members of a room on all nodes. The broker is asked once for all members that this node has in the
   * room.
   */
  memberList(room: string): Promise<MemberList>;
  /** The same list if it was asked for before; otherwise null. */
  knownMemberList(room: string): MemberList | null;
  readonly rooms: number;
  /** Messages and broadcasts, counted once for each member they went to. */
  readonly deliveredCount: number;
}

/** For how long the changes of a room's members are gathered, in ms. */
export const presenceTickMs = 50;

/** The members whose changes are kept for a slow reader, at most. Beyond that the reader joins again. */
const maxTouchedMembers = 20_000;

/**
 * Remembers what a slow reader cannot get from the log: broadcasts, and members that changed. Returns true if
 * the frame needs no further delivery.
 */
function noteForSlowReader(behind: BehindState, frame: ServerFrame, policy: SlowPolicy): boolean {
  if (frame.type === 'broadcast') return keepBroadcast(behind.backlog, policy, frame);
  if (frame.type !== 'presence') return false;
  if (behind.touched === 'many') return false;
  behind.touched ??= new Set();
  for (const id of frame.left) behind.touched.add(id);
  for (const [id] of frame.joined) behind.touched.add(id);
  for (const [id] of frame.changed) behind.touched.add(id);
  if (behind.touched.size > maxTouchedMembers) behind.touched = 'many';
  return false;
}

/**
 * The changes of a room's members as one frame, or as several if one would be too large. No member is in two
 * of the lists, so that the order of the frames does not matter.
 */
export function presenceFrames(
  room: string,
  joined: PresenceFrame['joined'],
  left: PresenceFrame['left'],
  changed: PresenceFrame['changed'],
): readonly PresenceFrame[] {
  const frame = (
    ...lists: readonly [PresenceFrame['joined'], PresenceFrame['left'], PresenceFrame['changed']]
  ): PresenceFrame => ({ type: 'presence', room, joined: lists[0], left: lists[1], changed: lists[2] });
  if (fitsOneFrame(joined, left, changed)) return [frame(joined, left, changed)];
  return [
    ...splitIntoPortions(joined).map((some) => frame(some, [], [])),
    ...splitIntoPortions(left).map((some) => frame([], some, [])),
    ...splitIntoPortions(changed).map((some) => frame([], [], some)),
  ];
}

/** Makes a hub. `roomRate`: messages per second that a room takes, unless it defines a rate. */
export function createHub(
  broker: Broker,
  ports: Pick<ServerPorts, 'setTimer' | 'monotonicNow'>,
  roomRate: number,
): Hub {
  const rooms = new Map<string, HubRoom>();
  const roomRates = createRoomRates(ports);
  let changedRooms: string[] = [];
  let delivered = 0;

  const deliverToAll = (room: HubRoom, frame: ServerFrame, except: string | null): void => {
    const encode = encodeOnce(frame);
    const offset = frame.type === 'message' ? frame.entry[0] : 0;
    for (const member of room.members) {
      if (except !== null && member.member === except) continue;
      const { sendQueue } = member;
      if (member.behind && noteForSlowReader(member.behind, frame, member.served.slow)) continue;
      if (member.heldFrames) {
        // The offset tells later whether the member has the entry from the log by then.
        member.heldFrames.push({
          offset,
          deliver() {
            sendQueue.push(encode(sendQueue.codec));
          },
        });
      } else if (!member.behind) sendQueue.push(encode(sendQueue.codec));
    }
  };

  const flushPresence = (): void => {
    const changedIds = changedRooms;
    changedRooms = [];
    for (const id of changedIds) {
      const room = rooms.get(id);
      if (!room?.diff) continue;
      const { joined, left, changed } = room.diff;
      room.diff = null;
      for (const frame of presenceFrames(id, [...joined.values()], [...left], [...changed]))
        deliverToAll(room, frame, null);
    }
  };

  const gatherPresence = (
    id: string,
    room: HubRoom,
    event: Extract<RoomEvent, { type: 'presence' }>,
  ): void => {
    if (!room.diff) {
      room.diff = { joined: new Map(), left: new Set(), changed: new Map() };
      if (changedRooms.push(id) === 1) ports.setTimer(presenceTickMs, flushPresence);
    }
    const { joined, left, changed } = room.diff;
    for (const member of event.joined) {
      joined.set(member[0], member);
      left.delete(member[0]);
      changed.delete(member[0]);
    }
    for (const [member, patch] of event.changed) {
      const justJoined = joined.get(member);
      if (justJoined)
        joined.set(member, [justJoined[0], justJoined[1], { ...(justJoined[2] as object | null), ...patch }]);
      else changed.set(member, { ...changed.get(member), ...patch });
    }
    for (const member of event.left) {
      joined.delete(member);
      changed.delete(member);
      left.add(member);
    }
  };

  const hearEvent = (id: string, room: HubRoom, event: RoomEvent): void => {
    // The last member left this room, and another room of the same name may have taken its place since.
    if (rooms.get(id) !== room) return;
    switch (event.type) {
      case 'entry':
        room.newestEntry = event.entry;
        delivered += room.members.size;
        deliverToAll(room, { type: 'message', room: id, entry: event.entry }, null);
        return;
      case 'broadcast':
        delivered += room.members.size;
        deliverToAll(
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
        if (room.askingMembers) room.earlyEvents.push(event);
        const news = room.memberList ? room.memberList.withoutUnchanged(event) : event;
        if (!news) return;
        gatherPresence(id, room, news);
        room.memberList?.applyEvent(news);
        return;
      }
      case 'reset':
        deliverToAll(room, { type: 'reset', room: id, why: event.why }, null);
        return;
      default:
        event satisfies never;
    }
  };

  async function askMembers(id: string, room: HubRoom): Promise<MemberList> {
    const roster = createMemberList(id, await broker.members(id));
    for (const event of room.earlyEvents) roster.applyEvent(event);
    return (room.memberList = roster);
  }

  return {
    rateOf: (room, rate) => rooms.get(room)?.roomRate ?? roomRates.of(room, rate ?? roomRate),
    async enter(receiver) {
      let room = rooms.get(receiver.room);
      if (!room) {
        const newRoom: HubRoom = {
          members: new Set(),
          listening: () => undefined,
          roomRate: receiver.roomRate,
          diff: null,
          memberList: null,
          askingMembers: null,
          earlyEvents: [],
          newestEntry: null,
        };
        rooms.set(receiver.room, (room = newRoom));
        newRoom.listening = broker.subscribe(receiver.room, (event) => {
          hearEvent(receiver.room, newRoom, event);
        });
      }
      room.members.add(receiver);
      try {
        if (room.listening instanceof Promise) await room.listening;
      } catch (error) {
        // The next member asks the broker again.
        room.members.delete(receiver);
        if (rooms.get(receiver.room) === room) rooms.delete(receiver.room);
        throw error;
      }
    },
    goLive(receiver, at) {
      const held = receiver.heldFrames ?? [];
      const kept = receiver.behind?.backlog.frames.values() ?? [];
      const top = at.offset;
      receiver.heldFrames = null;
      receiver.behind = null;
      receiver.at = at;
      for (const frame of kept) receiver.sendQueue.push(receiver.sendQueue.codec.encode(serverTuple(frame)));
      for (const frame of held) if (frame.offset === 0 || frame.offset > top) frame.deliver();
    },
    fallBehind(receiver) {
      const { at, room } = receiver;
      const last = rooms.get(room)?.newestEntry;
      if (!at || receiver.heldFrames) return;
      receiver.behind ??= {
        at: last && last[0] > at.offset ? { epoch: at.epoch, offset: last[0], tag: last[1] } : at,
        touched: null,
        backlog: emptyBacklog(),
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
    knownMemberList: (room) => rooms.get(room)?.memberList ?? null,
    async memberList(id) {
      const room = rooms.get(id);
      if (!room) return createMemberList(id, []);
      if (room.memberList) return room.memberList;
      try {
        return await (room.askingMembers ??= askMembers(id, room));
      } finally {
        // If the broker could not be asked, the next member asks again.
        room.askingMembers = null;
        room.earlyEvents = [];
      }
    },
    get deliveredCount() {
      return delivered;
    },
    get rooms() {
      return rooms.size;
    },
  };
}
