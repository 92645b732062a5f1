// Within this node: who is in which room, and the way of a room's events to its members. Encodes once for each codec in use.
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
  /** Who is there; null until somebody asks. What is heard while the broker is asked is applied behind its answer. */
  memberList: MemberList | null;
  askingMembers: Promise<MemberList> | null;
  earlyEvents: Extract<RoomEvent, { type: 'presence' }>[];
  /** The newest entry heard. */
  newestEntry: EntryTuple | null;
}

/** Comings and goings since the last tick. */
interface PresenceDiff {
  readonly joined: Map<string, MemberTuple>;
  readonly left: Set<string>;
  readonly changed: Map<string, Record<string, unknown>>;
}

export interface Hub {
  /** How fast a room may be spoken in here. `rate`: what the room says of it, if anything. */
  rateOf(room: string, rate: number | null): RoomRate;
  /** Takes a member in, with its events held back until `go`. Resolves once the node hears the room. */
  enter(receiver: Receiver): Promise<void>;
  /** Hands a member what was held back, and from then on what happens. `at`: where it stands in the log. */
  goLive(receiver: Receiver, at: Position): void;
  /** From here on what happens passes a member by. */
  fallBehind(receiver: Receiver): void;
  leave(receiver: Receiver): void;
  members(room: string): Iterable<Receiver>;
  /** Who is in a room, whichever node has them. The broker is asked once for all members that this node has there. */
  memberList(room: string): Promise<MemberList>;
  /** The same, where it was asked for before. */
  knownMemberList(room: string): MemberList | null;
  readonly rooms: number;
  /** Messages and broadcasts, counted for each member they went to. */
  readonly deliveredCount: number;
}

/** How long comings, goings and presence changes of a room are gathered, in ms. */
export const presenceTickMs = 50;

/** Members whose changes are kept for a reader that is behind. Beyond them it joins again. */
const maxTouchedMembers = 20_000;

/** What a member that is behind must learn later beside the log. Whether that is all that is to be done about it. */
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

/** What changed in a room's presence: one frame, or several where it would be too large for one. Nobody is in two of the lists, so that their order does not matter. */
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

/** `roomRate`: what is let into a room a second, unless the room says otherwise. */
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
        // Held back with its offset, so that what the log already gave is not given again.
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
    // One that everybody left hears for nobody, though another of its name may be there.
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
        // Whoever comes next asks anew.
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
        // Where the broker could not be asked, whoever joins next asks anew.
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
