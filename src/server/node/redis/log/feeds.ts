// Rooms that this node hears: one position for each, holes filled from the log, and what was missed while nobody listened.
import type { LogPage, Range, RoomEvent, Unrecoverable } from '../../../broker/broker.js';
import type { Position } from '../../../../protocol/position.js';
import type { ChannelMessage } from '../store/wire.js';

/** A room that this node hears. */
export interface RoomFeed {
  readonly room: string;
  readonly listeners: Set<(event: RoomEvent) => void>;
  /** Where it stands in the log; null until that is known. */
  position: Position | null;
  /** Resolves once it stands somewhere. */
  whenStarted: Promise<void>;
  isSyncing: boolean;
  /** Something came while it read: it reads on. */
  readAgain: boolean;
  /** Who is in the room, as was said last. */
  members: Set<string>;
  /** Comings and goings may have been missed since they were counted. */
  membersMayBeStale: boolean;
  isCountingMembers: boolean;
  /** Somebody came or went while they were counted. */
  membersMoved: boolean;
}

export interface FeedPorts {
  /** The feeds, by room. */
  readonly feedsByRoom: Map<string, RoomFeed>;
  listenToRoom(room: string): Promise<void>;
  stopListening(room: string): void;
  /** Where the room's log ends. */
  topOf(room: string): Promise<Position>;
  readLog(room: string, range: Range): Promise<LogPage | Unrecoverable>;
  membersOf(room: string): Promise<readonly (readonly [id: string, user: unknown, presence: unknown])[]>;
  readonly failed: (error: unknown) => void;
}

export interface RoomFeeds {
  subscribe(room: string, listener: (event: RoomEvent) => void): Promise<() => void>;
  hearMessage(room: string, said: ChannelMessage): void;
  /** Looks at the log whether anything was missed. */
  checkRoom(room: string): void;
  /** The same for every room, and at who is there: for a while nothing may have been heard. */
  checkAll(): void;
  /** Counts again who is there, where that failed. */
  countStale(): void;
  /** Where a room's log ended when it was heard of last; null where it is not heard. */
  heardUpTo(room: string): Position | null;
  rooms(): Iterable<readonly [room: string, position: Position | null]>;
}

/** How often members are counted anew because they moved meanwhile. */
const maxMemberCounts = 5;

/** What is read of a log at once: entries, and bytes of them. */
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
      // It is looked at again when Redis is back, and every few seconds.
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
    // Where they never stand still, the next look has better luck.
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
        // Another entry in its place: the log went back, and is written on from there.
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
    // What was heard since is in the log.
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
    heardUpTo: (room) => feedsByRoom.get(room)?.position ?? null,
    rooms: () => Array.from(feedsByRoom.values(), ({ room, position }) => [room, position] as const),
  };
}
