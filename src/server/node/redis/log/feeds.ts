// Rooms that this node hears: one position for each, holes filled from the log, and what was missed while nobody listened.
import type { LogPage, Range, RoomEvent, Unrecoverable } from '../../../broker/broker.js';
import type { Position } from '../../../../protocol/position.js';
import type { Said } from '../store/wire.js';

interface Feed {
  readonly room: string;
  readonly listeners: Set<(event: RoomEvent) => void>;
  /** Where it stands in the log; null until that is known. */
  position: Position | null;
  /** Resolves once it stands somewhere. */
  started: Promise<void>;
  syncing: boolean;
  /** Something came while it read: it reads on. */
  again: boolean;
  /** Who is in the room, as was said last. */
  members: Set<string>;
  /** Comings and goings may have been missed since they were counted. */
  stale: boolean;
  counting: boolean;
  /** Somebody came or went while they were counted. */
  moved: boolean;
}

export interface FeedPorts {
  listen(room: string): Promise<void>;
  stop(room: string): void;
  /** Where the room's log ends. */
  top(room: string): Promise<Position>;
  read(room: string, range: Range): Promise<LogPage | Unrecoverable>;
  members(room: string): Promise<readonly (readonly [id: string, user: unknown, presence: unknown])[]>;
  readonly failed: (error: unknown) => void;
}

export interface Feeds {
  subscribe(room: string, listener: (event: RoomEvent) => void): Promise<() => void>;
  heard(room: string, said: Said): void;
  /** Looks at the log whether anything was missed. */
  check(room: string): void;
  /** The same for every room, and at who is there: for a while nothing may have been heard. */
  checkAll(): void;
  /** Counts again who is there, where that failed. */
  countStale(): void;
  /** Where a room's log ended when it was heard of last; null where it is not heard. */
  heardUpTo(room: string): Position | null;
  rooms(): Iterable<readonly [room: string, position: Position | null]>;
}

/** How often members are counted anew because they moved meanwhile. */
const mostCounts = 5;

/** What is read of a log at once: entries, and bytes of them. */
const mostEntries = 4_096;
const mostBytes = 2 ** 20;

export function createFeeds({ listen, stop, top, read, members, failed }: FeedPorts): Feeds {
  const feeds = new Map<string, Feed>();

  const emit = ({ listeners }: Feed, event: RoomEvent): void => {
    for (const listener of listeners) listener(event);
  };

  async function readOn(feed: Feed): Promise<void> {
    const from = feed.position;
    if (!from) return;
    const page = await read(feed.room, { after: from, limit: mostEntries, bytes: mostBytes });
    if ('why' in page) {
      feed.position = await top(feed.room);
      emit(feed, { type: 'reset', why: page.why });
      return;
    }
    for (const entry of page.entries) {
      feed.position = { epoch: page.epoch, offset: entry[0], tag: entry[1] };
      emit(feed, { type: 'entry', entry });
    }
    if (feed.position && feed.position.offset < page.top.offset) feed.again = true;
  }

  async function sync(feed: Feed): Promise<void> {
    if (feed.syncing) {
      feed.again = true;
      return;
    }
    feed.syncing = true;
    try {
      do {
        feed.again = false;
        await readOn(feed);
      } while (feed.again && feeds.get(feed.room) === feed);
    } catch (error) {
      // It is looked at again when Redis is back, and every few seconds.
      failed(error);
    } finally {
      feed.syncing = false;
    }
  }

  async function countMembers(feed: Feed): Promise<void> {
    feed.stale = true;
    if (feed.counting) return;
    feed.counting = true;
    let here: Extract<RoomEvent, { type: 'presence' }>['joined'] = [];
    try {
      for (let tries = 0; tries === 0 || (feed.moved && tries < mostCounts); tries++) {
        feed.moved = false;
        here = (await members(feed.room)) as typeof here;
      }
    } finally {
      feed.counting = false;
    }
    // Where they never stand still, the next look has better luck.
    if (feed.moved) return;
    feed.stale = false;
    const ids = new Set(here.map(([id]) => id));
    const left = [...feed.members].filter((id) => !ids.has(id));
    feed.members = ids;
    if (here.length + left.length > 0) emit(feed, { type: 'presence', joined: here, left, changed: [] });
  }

  function live(feed: Feed, { epoch, entries }: Extract<Said, { type: 'entries' }>): void {
    if (!feed.position || feed.syncing) {
      feed.again = true;
      return;
    }
    for (const entry of entries) {
      const at: Position = feed.position;
      if (epoch === at.epoch && entry[0] <= at.offset) {
        // Another entry in its place: the log went back, and is written on from there.
        if (entry[0] === at.offset && entry[1] !== at.tag) return void sync(feed);
        continue;
      }
      if (epoch !== at.epoch || entry[0] !== at.offset + 1 || entry[2] !== at.tag) return void sync(feed);
      feed.position = { epoch, offset: entry[0], tag: entry[1] };
      emit(feed, { type: 'entry', entry });
    }
  }

  async function start(feed: Feed): Promise<void> {
    await listen(feed.room);
    feed.position = await top(feed.room);
    for (const [id] of await members(feed.room)) feed.members.add(id);
    // What was heard since is in the log.
    if (feed.again) void sync(feed);
  }

  return {
    async subscribe(room, listener) {
      let feed = feeds.get(room);
      if (!feed) {
        const made: Feed = {
          room,
          listeners: new Set(),
          position: null,
          started: Promise.resolve(),
          syncing: false,
          again: false,
          members: new Set(),
          stale: false,
          counting: false,
          moved: false,
        };
        made.started = start(made);
        feeds.set(room, (feed = made));
      }
      const { listeners, started } = feed;
      const mine = feed;
      listeners.add(listener);
      const end = (): void => {
        listeners.delete(listener);
        if (listeners.size > 0 || feeds.get(room) !== mine) return;
        feeds.delete(room);
        stop(room);
      };
      try {
        await started;
      } catch (error) {
        end();
        throw error;
      }
      return end;
    },
    heard(room, said) {
      const feed = feeds.get(room);
      if (!feed) return;
      if (said.type === 'entries') return live(feed, said);
      if (said.type === 'presence') {
        feed.moved = true;
        for (const [id] of said.joined) feed.members.add(id);
        for (const id of said.left) feed.members.delete(id);
      }
      emit(feed, said);
    },
    check(room) {
      const feed = feeds.get(room);
      if (feed?.position) void sync(feed);
    },
    checkAll() {
      for (const feed of feeds.values()) {
        if (!feed.position) continue;
        void sync(feed);
        countMembers(feed).catch(failed);
      }
    },
    countStale() {
      for (const feed of feeds.values()) if (feed.stale) countMembers(feed).catch(failed);
    },
    heardUpTo: (room) => feeds.get(room)?.position ?? null,
    rooms: () => Array.from(feeds.values(), ({ room, position }) => [room, position] as const),
  };
}
