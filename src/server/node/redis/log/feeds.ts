// The rooms that this node hears. Each has one position in its log. Holes are filled from the log, and so is
// what the node missed while it did not listen.
import type { LogPage, Range, RoomEvent, Unrecoverable } from '../../../broker/broker.js';
import type { Position } from '../../../../protocol/position.js';
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
  listenToRoom(room: string): Promise<void>;
  stopListening(room: string): void;
  /** The end of the room's log. */
  topOf(room: string): Promise<Position>;
  readLog(room: string, range: Range): Promise<LogPage | Unrecoverable>;
  membersOf(room: string): Promise<readonly (readonly [id: string, user: unknown, presence: unknown])[]>;
  readonly failed: (error: unknown) => void;
}

export interface RoomFeeds {
  subscribe(room: string, listener: (event: RoomEvent) => void): Promise<() => void>;
  hearMessage(room: string, said: ChannelMessage): void;
  /** Looks in the log for entries that were missed. */
  checkRoom(room: string): void;
  /** Looks in the logs and at the members of all rooms: for a while this node may have heard nothing. */
  checkAll(): void;
  /** Counts the members again where that failed. */
  countStale(): void;
  rooms(): Iterable<readonly [room: string, position: Position | null]>;
}

/** How often members are counted again because they changed meanwhile. */
const maxMemberCounts = 5;

/** The entries that are read of a log at once, at most, and their bytes. */
const maxEntriesPerRead = 4_096;
const maxBytesPerRead = 2 ** 20;

export function createRoomFeeds({
  feedsByRoom,
  listenToRoom,
  stopListening,
  topOf,
  readLog,
  membersOf,
  failed,
}: FeedPorts): RoomFeeds {
  const emitEvent = ({ listeners }: RoomFeed, event: RoomEvent): void => {
    for (const listener of listeners) listener(event);
  };

  async function readOn(feed: RoomFeed): Promise<void> {
    const from = feed.position;
    if (!from) return;
    const page = await readLog(feed.room, { after: from, limit: maxEntriesPerRead, bytes: maxBytesPerRead });
    if ('why' in page) {
      feed.position = await topOf(feed.room);
      emitEvent(feed, { type: 'reset', why: page.why });
      return;
    }
    for (const entry of page.entries) {
      feed.position = { epoch: page.epoch, offset: entry[0], tag: entry[1] };
      emitEvent(feed, { type: 'entry', entry });
    }
    if (feed.position && feed.position.offset < page.top.offset) feed.readAgain = true;
  }

  async function syncWithLog(feed: RoomFeed): Promise<void> {
    if (feed.isSyncing) {
      feed.readAgain = true;
      return;
    }
    feed.isSyncing = true;
    try {
      do {
        feed.readAgain = false;
        await readOn(feed);
      } while (feed.readAgain && feedsByRoom.get(feed.room) === feed);
    } catch (error) {
      // The room is checked again when Redis is back, and every few seconds.
      failed(error);
    } finally {
      feed.isSyncing = false;
    }
  }

  async function countMembers(feed: RoomFeed): Promise<void> {
    feed.membersMayBeStale = true;
    if (feed.isCountingMembers) return;
    feed.isCountingMembers = true;
    let here: Extract<RoomEvent, { type: 'presence' }>['joined'] = [];
    try {
      for (let tries = 0; tries === 0 || (feed.membersMoved && tries < maxMemberCounts); tries++) {
        feed.membersMoved = false;
        here = (await membersOf(feed.room)) as typeof here;
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

  function hearEntries(
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
        // Another entry has this offset: the log went back, and was continued from there.
        if (entry[0] === at.offset && entry[1] !== at.tag) return void syncWithLog(feed);
        continue;
      }
      if (epoch !== at.epoch || entry[0] !== at.offset + 1 || entry[2] !== at.tag)
        return void syncWithLog(feed);
      feed.position = { epoch, offset: entry[0], tag: entry[1] };
      emitEvent(feed, { type: 'entry', entry });
    }
  }

  async function startFeed(feed: RoomFeed): Promise<void> {
    await listenToRoom(feed.room);
    feed.position = await topOf(feed.room);
    for (const [id] of await membersOf(feed.room)) feed.members.add(id);
    // Entries that were heard since are in the log.
    if (feed.readAgain) void syncWithLog(feed);
  }

  return {
    async subscribe(room, listener) {
      let feed = feedsByRoom.get(room);
      if (!feed) {
        const made: RoomFeed = {
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
        };
        made.whenStarted = startFeed(made);
        feedsByRoom.set(room, (feed = made));
      }
      const { listeners, whenStarted } = feed;
      const mine = feed;
      listeners.add(listener);
      const end = (): void => {
        listeners.delete(listener);
        if (listeners.size > 0 || feedsByRoom.get(room) !== mine) return;
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
    },
    hearMessage(room, said) {
      const feed = feedsByRoom.get(room);
      if (!feed) return;
      if (said.type === 'entries') return hearEntries(feed, said);
      if (said.type === 'presence') {
        feed.membersMoved = true;
        for (const [id] of said.joined) feed.members.add(id);
        for (const id of said.left) feed.members.delete(id);
      }
      emitEvent(feed, said);
    },
    checkRoom(room) {
      const feed = feedsByRoom.get(room);
      if (feed?.position) void syncWithLog(feed);
    },
    checkAll() {
      for (const feed of feedsByRoom.values()) {
        if (!feed.position) continue;
        void syncWithLog(feed);
        countMembers(feed).catch(failed);
      }
    },
    countStale() {
      for (const feed of feedsByRoom.values()) if (feed.membersMayBeStale) countMembers(feed).catch(failed);
    },
    rooms: () => Array.from(feedsByRoom.values(), ({ room, position }) => [room, position] as const),
  };
}
