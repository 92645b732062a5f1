// Entries that were read from Redis lately. What many members missed is read once, and given to all of them.
import type { EntryTuple } from '../../../../protocol/frames.js';
import type { Position } from '../../../../protocol/position.js';
import type { ServerPorts } from '../../../ports/ports.js';
import { weightOf } from '../../../util/memory-size.js';

interface Read {
  readonly top: Position;
  readonly entries: readonly EntryTuple[];
}

export interface Pages {
  /** What resolves once the page with the entries that follow a position was read; null where none is being read. */
  reading(room: string, at: Position): Promise<void> | null;
  /** The entries that follow a position, as far as one page has them. Null where there is none. */
  find(room: string, at: Position): readonly EntryTuple[] | null;
  /** Reads at most `limit` entries that follow a position, and keeps them. `read` is told the highest offset that no other page has, or '+'. */
  keep<T extends Read>(
    room: string,
    at: Position,
    limit: number,
    read: (high: number | '+') => Promise<T>,
  ): Promise<T>;
  /** A room's log is not what it was. */
  drop(room: string): void;
  close(): void;
}

interface Page {
  readonly epoch: string;
  readonly room: string;
  /** Offsets of the first entry and of the last: while it is read, of the last that it may have. */
  readonly first: number;
  last: number;
  /** Null while it is read. */
  entries: readonly EntryTuple[] | null;
  ready: Promise<void>;
  weight: number;
  usedAt: number;
}

/** How long a page is kept after its last use, in ms: readers that go on at the pace of their lines are near one another for that long. */
const lifeMs = 5_000;
/** What all pages may cost in memory, in bytes, about. */
const mostWeight = 2 ** 24;
/** What an entry costs in memory beside its data, in bytes. */
const entryWeight = 300;

export function createPages({ after, steady }: Pick<ServerPorts, 'after' | 'steady'>): Pages {
  /** The one that was used longest ago comes first. */
  const pages = new Set<Page>();
  const rooms = new Map<string, Set<Page>>();
  let weight = 0;
  let stop: (() => void) | null = null;

  function remove(page: Page): void {
    if (!pages.delete(page)) return;
    weight -= page.weight;
    const others = rooms.get(page.room);
    others?.delete(page);
    if (others?.size === 0) rooms.delete(page.room);
  }

  /** Forgets what is old or too much. What is being read stays. */
  function relieve(): void {
    for (const page of pages) {
      if (weight <= mostWeight && steady() - page.usedAt < lifeMs) break;
      if (page.entries) remove(page);
    }
    if (pages.size === 0 || stop) return;
    stop = after(lifeMs, () => {
      stop = null;
      relieve();
    });
  }

  function touch(page: Page): void {
    page.usedAt = steady();
    if (pages.delete(page)) pages.add(page);
  }

  const pageWith = (room: string, epoch: string, offset: number): Page | null => {
    for (const page of rooms.get(room) ?? [])
      if (page.epoch === epoch && page.first <= offset && offset <= page.last) return page;
    return null;
  };

  return {
    reading(room, at) {
      const page = pageWith(room, at.epoch, at.offset + 1);
      return page && !page.entries ? page.ready : null;
    },
    find(room, at) {
      const page = pageWith(room, at.epoch, at.offset + 1);
      if (!page?.entries) return null;
      touch(page);
      return page.entries.slice(at.offset + 1 - page.first);
    },
    async keep(room, at, limit, read) {
      const first = at.offset + 1;
      let next = Infinity;
      for (const page of rooms.get(room) ?? [])
        if (page.epoch === at.epoch && page.first > first) next = Math.min(next, page.first);
      let settle = (): void => undefined;
      const page: Page = {
        epoch: at.epoch,
        room,
        first,
        last: Math.min(next - 1, first + limit - 1),
        entries: null,
        ready: new Promise((resolve) => {
          settle = resolve;
        }),
        weight: 0,
        usedAt: steady(),
      };
      pages.add(page);
      const its = rooms.get(room) ?? new Set();
      rooms.set(room, its.add(page));
      try {
        const found = await read(next === Infinity ? '+' : next - 1);
        const [oldest] = found.entries;
        if (found.top.epoch !== at.epoch || oldest?.[0] !== first || oldest[2] !== at.tag) remove(page);
        else if (pages.has(page)) {
          page.entries = found.entries;
          page.last = first + found.entries.length - 1;
          for (const entry of found.entries) page.weight += entryWeight + weightOf(entry[8]);
          weight += page.weight;
          touch(page);
        }
        return found;
      } catch (error) {
        remove(page);
        throw error;
      } finally {
        settle();
        relieve();
      }
    },
    drop(room) {
      for (const page of rooms.get(room) ?? []) remove(page);
    },
    close() {
      stop?.();
      for (const page of pages) remove(page);
    },
  };
}
