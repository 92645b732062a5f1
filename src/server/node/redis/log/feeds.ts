// The rooms that this node hears. Each has one position in its log. Gaps are filled from the log, and so is
// what the node missed while it did not listen.
import type { MemberTuple } from '../../../../protocol/frames.js';
import type { Position } from '../../../../protocol/position.js';
import type { LogPage, Range, RoomEvent, Unrecoverable } from '../../../broker/broker.js';
import type { ChannelMessage } from '../store/wire.js';

/** A room that this node hears. */
export interface RoomFeed {
  readonly room: string;
  readonly listeners: Set<(event: RoomEvent) => void>;
  /** The feed's position in the log; null until it is known. */
  position: Position | null;
  /** Resolves once the position is known. */
  whenStarted: Promise<void>;
  isSyncing: boolean;
  /** Set if something came while the log was read: it is read again. */
  readAgain: boolean;
  /** The members of the room, as this node last heard. */
  members: Set<string>;
  /** Whether members may have come or left unheard since they were counted. */
  membersMayBeStale: boolean;
  isCountingMembers: boolean;
  /** Whether members came or left while they were counted. */
  membersMoved: boolean;
}

export interface FeedPorts {
  /** The feeds, by room. */
  readonly feedsByRoom: Map<string, RoomFeed>;
  readonly listenToRoom: (room: string) => Promise<void>;
  readonly stopListening: (room: string) => void;
  /** The end of the room's log. */
  readonly topOf: (room: string) => Promise<Position>;
  readonly readLog: (room: string, range: Range) => Promise<LogPage | Unrecoverable>;
  readonly membersOf: (room: string) => Promise<readonly MemberTuple[]>;
  readonly failed: (error: unknown) => void;
}

/** How often members are counted again because they changed meanwhile. */
const maxMemberCounts = 5;

/** The entries that are read of a log at once, at most, and their bytes. */
const maxEntriesPerRead = 4_096;
const maxBytesPerRead = 2 ** 20;

type PresenceEvent = Extract<RoomEvent, { type: 'presence' }>;

const emitEvent = ({ listeners }: RoomFeed, event: RoomEvent): void => {
  for (const listener of listeners) listener(event);
};

const newFeed = (room: string): RoomFeed => ({
  room,
  listeners: new Set(),
  position: null,
  whenStarted: Promise.resolve(),
  isSyncing: false,
  readAgain: false,
  members: new Set(),
  membersMayBeStale: false,
  isCountingMembers: false,
  membersMoved: false,
});

export class RoomFeeds {
  private readonly ports: FeedPorts;

  constructor(ports: FeedPorts) {
    this.ports = ports;
  }

  /** Calls back with the events of a room, until the returned function is called. */
  async subscribe(room: string, listener: (event: RoomEvent) => void): Promise<() => void> {
    const { feedsByRoom, stopListening } = this.ports;
    let feed = feedsByRoom.get(room);
    if (!feed) {
      feed = newFeed(room);
      feed.whenStarted = this.start(feed);
      feedsByRoom.set(room, feed);
    }
    const { listeners, whenStarted } = feed;
    listeners.add(listener);
    const end = (): void => {
      listeners.delete(listener);
      if (listeners.size > 0 || feedsByRoom.get(room) !== feed) return;
      feedsByRoom.delete(room);
      stopListening(room);
    };
    try {
      await whenStarted;
    } catch (error) {
      end();
      throw error;
    }
    return end;
  }

  /** Handles a message from the channel of a room. */
  hearMessage(room: string, message: ChannelMessage): void {
    const feed = this.ports.feedsByRoom.get(room);
    if (!feed) return;
    if (message.type === 'entries') return this.hearEntries(feed, message);
    if (message.type === 'presence') {
      feed.membersMoved = true;
      for (const [id] of message.joined) feed.members.add(id);
      for (const id of message.left) feed.members.delete(id);
    }
    emitEvent(feed, message);
  }

  /** Looks in the log of a room for entries that were missed. */
  checkRoom(room: string): void {
    const feed = this.ports.feedsByRoom.get(room);
    if (feed?.position) void this.syncWithLog(feed);
  }

  /** Looks in the logs and at the members of all rooms: for a while this node may have heard nothing. */
  checkAll(): void {
    const { feedsByRoom, failed } = this.ports;
    for (const feed of feedsByRoom.values()) {
      if (!feed.position) continue;
      void this.syncWithLog(feed);
      this.countMembers(feed).catch(failed);
    }
  }

  /** Counts the members again where that failed. */
  countStale(): void {
    const { feedsByRoom, failed } = this.ports;
    for (const feed of feedsByRoom.values())
      if (feed.membersMayBeStale) this.countMembers(feed).catch(failed);
  }

  rooms(): Iterable<readonly [room: string, position: Position | null]> {
    return Array.from(this.ports.feedsByRoom.values(), ({ room, position }) => [room, position] as const);
  }

  private async start(feed: RoomFeed): Promise<void> {
    const { listenToRoom, topOf, membersOf } = this.ports;
    await listenToRoom(feed.room);
    feed.position = await topOf(feed.room);
    for (const [id] of await membersOf(feed.room)) feed.members.add(id);
    // Entries that were heard since are in the log.
    if (feed.readAgain) void this.syncWithLog(feed);
  }

  private hearEntries(
    feed: RoomFeed,
    { epoch, entries }: Extract<ChannelMessage, { type: 'entries' }>,
  ): void {
    if (!feed.position || feed.isSyncing) {
      feed.readAgain = true;
      return;
    }
    for (const entry of entries) {
      const at: Position = feed.position;
      if (epoch === at.epoch && entry[0] <= at.offset) {
        // Another entry has this offset: Redis lost the newest entries, and gave their offsets again.
        if (entry[0] === at.offset && entry[1] !== at.tag) return void this.syncWithLog(feed);
        continue;
      }
      const isNext = epoch === at.epoch && entry[0] === at.offset + 1 && entry[2] === at.tag;
      if (!isNext) return void this.syncWithLog(feed);
      feed.position = { epoch, offset: entry[0], tag: entry[1] };
      emitEvent(feed, { type: 'entry', entry });
    }
  }

  private async syncWithLog(feed: RoomFeed): Promise<void> {
    if (feed.isSyncing) {
      feed.readAgain = true;
      return;
    }
    const { feedsByRoom, failed } = this.ports;
    feed.isSyncing = true;
    try {
      do {
        feed.readAgain = false;
        await this.readOn(feed);
      } while (feed.readAgain && feedsByRoom.get(feed.room) === feed);
    } catch (error) {
      // The room is checked again when Redis is back, and every few seconds.
      failed(error);
    } finally {
      feed.isSyncing = false;
    }
  }

  private async readOn(feed: RoomFeed): Promise<void> {
    const { readLog, topOf } = this.ports;
    const { room, position } = feed;
    if (!position) return;
    const page = await readLog(room, {
      after: position,
      limit: maxEntriesPerRead,
      bytes: maxBytesPerRead,
    });
    if ('why' in page) {
      feed.position = await topOf(room);
      emitEvent(feed, { type: 'reset', why: page.why });
      return;
    }
    for (const entry of page.entries) {
      feed.position = { epoch: page.epoch, offset: entry[0], tag: entry[1] };
      emitEvent(feed, { type: 'entry', entry });
    }
    if (feed.position && feed.position.offset < page.top.offset) feed.readAgain = true;
  }

  private async countMembers(feed: RoomFeed): Promise<void> {
    feed.membersMayBeStale = true;
    if (feed.isCountingMembers) return;
    feed.isCountingMembers = true;
    let here: PresenceEvent['joined'] = [];
    try {
      for (let tries = 0; tries === 0 || (feed.membersMoved && tries < maxMemberCounts); tries++) {
        feed.membersMoved = false;
        here = await this.ports.membersOf(feed.room);
      }
    } finally {
      feed.isCountingMembers = false;
    }
    // Members that change all the time are counted by a later look.
    if (feed.membersMoved) return;
    feed.membersMayBeStale = false;
    const ids = new Set(here.map(([id]) => id));
    const left = [...feed.members].filter((id) => !ids.has(id));
    feed.members = ids;
    if (here.length + left.length > 0) emitEvent(feed, { type: 'presence', joined: here, left, changed: [] });
  }
}
