// The rooms of this node: their members here, and the way of each room's events to them. An event is encoded
// once for each codec in use.
import type { EntryTuple, ServerFrame } from '../../protocol/frames.js';
import { serverTuple } from '../../protocol/parse.js';
import type { Position } from '../../protocol/position.js';
import type { Broker, RoomEvent } from '../broker/broker.js';
import type { ServerPorts } from '../ports/ports.js';
import type { SlowPolicy } from '../rooms/slow-policy.js';
import { emptyBacklog, keepBroadcast } from './broadcast-backlog.js';
import { encodeOnce } from './encode-once.js';
import { MemberList } from './member-list.js';
import { PresenceDiff } from './presence-diff.js';
import type { BehindState, Receiver } from './receiver.js';
import { createRoomRates, type RoomRate, type RoomRates } from './room-rate.js';

type PresenceEvent = Extract<RoomEvent, { type: 'presence' }>;

/** A room with members on this node. */
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
  earlyEvents: PresenceEvent[];
  /** The newest entry that this node heard. */
  newestEntry: EntryTuple | null;
}

/** For how long the changes of a room's members are gathered, in ms. */
const presenceTickMs = 50;

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

/** Sends a frame to the members of a room, except for one. */
function deliverToAll(room: HubRoom, frame: ServerFrame, except: string | null): void {
  const encode = encodeOnce(frame);
  const offset = frame.type === 'message' ? frame.entry[0] : 0;
  for (const receiver of room.members) {
    if (except !== null && receiver.member === except) continue;
    const { sendQueue } = receiver;
    if (receiver.behind && noteForSlowReader(receiver.behind, frame, receiver.served.slow)) continue;
    if (receiver.heldFrames) {
      // The offset tells later whether the member has the entry from the log by then.
      receiver.heldFrames.push({
        offset,
        deliver() {
          sendQueue.push(encode(sendQueue.codec));
        },
      });
    } else if (!receiver.behind) sendQueue.push(encode(sendQueue.codec));
  }
}

export class Hub {
  private readonly broker: Broker;
  private readonly ports: Pick<ServerPorts, 'setTimer' | 'monotonicNow'>;
  /** Messages per second that a room takes, unless it defines a rate. */
  private readonly defaultRate: number;
  private readonly roomsById = new Map<string, HubRoom>();
  private readonly roomRates: RoomRates;
  /** The rooms whose members changed since the last tick. */
  private changedRooms: string[] = [];
  /** Messages and broadcasts, counted once for each member they went to. */
  deliveredCount = 0;

  constructor(broker: Broker, ports: Pick<ServerPorts, 'setTimer' | 'monotonicNow'>, defaultRate: number) {
    this.broker = broker;
    this.ports = ports;
    this.defaultRate = defaultRate;
    this.roomRates = createRoomRates(ports);
  }

  /** The number of rooms with a member on this node. */
  get rooms(): number {
    return this.roomsById.size;
  }

  /** The rate limit of a room on this node. `rate`: messages per second that the room defines, or null. */
  rateOf(id: string, rate: number | null): RoomRate {
    return this.roomsById.get(id)?.roomRate ?? this.roomRates.of(id, rate ?? this.defaultRate);
  }

  /** Adds a member, and holds its events back until `goLive`. Resolves once this node hears the room. */
  async enter(receiver: Receiver): Promise<void> {
    const id = receiver.room;
    const room = this.roomsById.get(id) ?? this.openRoom(id, receiver.roomRate);
    room.members.add(receiver);
    try {
      if (room.listening instanceof Promise) await room.listening;
    } catch (error) {
      // The next member asks the broker again.
      room.members.delete(receiver);
      if (this.roomsById.get(id) === room) this.roomsById.delete(id);
      throw error;
    }
  }

  /**
   * Delivers the frames that were held back, and from now on each event at once. `at`: where the member
   * stands in the log.
   */
  goLive(receiver: Receiver, at: Position): void {
    const { sendQueue } = receiver;
    const heldFrames = receiver.heldFrames ?? [];
    const broadcasts = receiver.behind?.backlog.frames.values() ?? [];
    receiver.heldFrames = null;
    receiver.behind = null;
    receiver.at = at;
    for (const frame of broadcasts) sendQueue.push(sendQueue.codec.encode(serverTuple(frame)));
    for (const frame of heldFrames) if (frame.offset === 0 || frame.offset > at.offset) frame.deliver();
  }

  /** From now on the room's events pass the member by. */
  fallBehind(receiver: Receiver): void {
    const { at, room } = receiver;
    const newest = this.roomsById.get(room)?.newestEntry;
    if (!at || receiver.heldFrames) return;
    receiver.behind ??= {
      at: newest && newest[0] > at.offset ? { epoch: at.epoch, offset: newest[0], tag: newest[1] } : at,
      touched: null,
      backlog: emptyBacklog(),
    };
  }

  leave(receiver: Receiver): void {
    const room = this.roomsById.get(receiver.room);
    if (!room?.members.delete(receiver) || room.members.size > 0) return;
    this.roomsById.delete(receiver.room);
    if (!(room.listening instanceof Promise)) return room.listening();
    room.listening.then(
      (stopListening) => {
        stopListening();
      },
      () => undefined,
    );
  }

  /**
   * The members of a room on all nodes. The broker is asked once for all members that this node has in the
   * room.
   */
  async memberList(id: string): Promise<MemberList> {
    const room = this.roomsById.get(id);
    if (!room) return new MemberList(id, []);
    if (room.memberList) return room.memberList;
    try {
      return await (room.askingMembers ??= this.askMembers(id, room));
    } finally {
      // If the broker could not be asked, the next member asks again.
      room.askingMembers = null;
      room.earlyEvents = [];
    }
  }

  /** The same list if it was asked for before; otherwise null. */
  knownMemberList(id: string): MemberList | null {
    return this.roomsById.get(id)?.memberList ?? null;
  }

  private openRoom(id: string, roomRate: RoomRate): HubRoom {
    const room: HubRoom = {
      members: new Set(),
      listening: () => undefined,
      roomRate,
      diff: null,
      memberList: null,
      askingMembers: null,
      earlyEvents: [],
      newestEntry: null,
    };
    this.roomsById.set(id, room);
    room.listening = this.broker.subscribe(id, (event) => {
      this.hearEvent(id, room, event);
    });
    return room;
  }

  private hearEvent(id: string, room: HubRoom, event: RoomEvent): void {
    // 1. The last member leaves the room, while the broker's answer to its subscription is still under way.
    // 2. A new member opens the room again.
    // 3. An event of the first subscription arrives: the second one brings it to the new member as well.
    if (this.roomsById.get(id) !== room) return;
    switch (event.type) {
      case 'entry':
        room.newestEntry = event.entry;
        this.deliveredCount += room.members.size;
        return deliverToAll(room, { type: 'message', room: id, entry: event.entry }, null);
      case 'broadcast': {
        const { sender, message, version, data, except } = event;
        this.deliveredCount += room.members.size;
        const frame = { type: 'broadcast', room: id, sender, message, version, data } as const;
        return deliverToAll(room, frame, except);
      }
      case 'presence':
        return this.hearPresence(id, room, event);
      case 'reset':
        return deliverToAll(room, { type: 'reset', room: id, why: event.why }, null);
      default:
        event satisfies never;
    }
  }

  private hearPresence(id: string, room: HubRoom, event: PresenceEvent): void {
    if (room.askingMembers) room.earlyEvents.push(event);
    const changes = room.memberList ? room.memberList.withoutUnchanged(event) : event;
    if (!changes) return;
    if (!room.diff) {
      room.diff = new PresenceDiff();
      if (this.changedRooms.push(id) === 1)
        this.ports.setTimer(presenceTickMs, () => {
          this.flushPresence();
        });
    }
    room.diff.gather(changes);
    room.memberList?.applyEvent(changes);
  }

  private flushPresence(): void {
    const ids = this.changedRooms;
    this.changedRooms = [];
    for (const id of ids) {
      const room = this.roomsById.get(id);
      if (!room?.diff) continue;
      const frames = room.diff.framesFor(id);
      room.diff = null;
      for (const frame of frames) deliverToAll(room, frame, null);
    }
  }

  private async askMembers(id: string, room: HubRoom): Promise<MemberList> {
    const memberList = new MemberList(id, await this.broker.members(id));
    for (const event of room.earlyEvents) memberList.applyEvent(event);
    return (room.memberList = memberList);
  }
}
