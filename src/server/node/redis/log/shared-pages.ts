// Entries that were read from Redis lately. Entries that many members missed are read once, and given to all
// of them.
import type { EntryTuple } from '../../../../protocol/frames.js';
import type { Position } from '../../../../protocol/position.js';
import type { ServerPorts } from '../../../ports/ports.js';
import { memorySizeOf } from '../../../util/memory-size.js';

interface PageRead {
  readonly top: Position;
  readonly entries: readonly EntryTuple[];
}

export interface SharedPages {
  /** Resolves once the page with the entries after a position was read; null if none is being read. */
  whenRead(room: string, at: Position): Promise<void> | null;
  /** The entries after a position, as far as one page has them; null if no page does. */
  findEntries(room: string, at: Position): readonly EntryTuple[] | null;
  /**
   * Reads at most `limit` entries after a position, and keeps them. `read` gets the highest offset that no
   * other page has, or '+'.
   */
  readAndKeep<T extends PageRead>(
    room: string,
    at: Position,
    limit: number,
    read: (high: number | '+') => Promise<T>,
  ): Promise<T>;
  /** The room's log has changed. */
  dropRoom(room: string): void;
  close(): void;
}

interface SharedPage {
  readonly epoch: string;
  readonly room: string;
  /** The offsets of its first and last entry. While it is read, the last offset that it may have. */
  readonly first: number;
  last: number;
  /** Null while it is read. */
  entries: readonly EntryTuple[] | null;
  whenReady: Promise<void>;
  bytes: number;
  usedAt: number;
}

/**
 * How long a page is kept after its last use, in ms. Readers on lines of different speed are as close to one
 * another.
 */
const pageLifeMs = 5_000;
/** The memory that all pages may take, in bytes, about. */
const maxPagesBytes = 2 ** 24;
/** The memory of an entry beside its data, in bytes. */
const entryBytes = 300;

export function createSharedPages({
  setTimer,
  monotonicNow,
}: Pick<ServerPorts, 'setTimer' | 'monotonicNow'>): SharedPages {
  /** The least recently used comes first. */
  const pages = new Set<SharedPage>();
  const pagesByRoom = new Map<string, Set<SharedPage>>();
  let totalBytes = 0;
  let stop: (() => void) | null = null;

  function removePage(page: SharedPage): void {
    if (!pages.delete(page)) return;
    totalBytes -= page.bytes;
    const others = pagesByRoom.get(page.room);
    others?.delete(page);
    if (others?.size === 0) pagesByRoom.delete(page.room);
  }

  /** Forgets pages that are old or too many. Pages that are being read stay. */
  function relieve(): void {
    for (const page of pages) {
      if (totalBytes <= maxPagesBytes && monotonicNow() - page.usedAt < pageLifeMs) break;
      if (page.entries) removePage(page);
    }
    if (pages.size === 0 || stop) return;
    stop = setTimer(pageLifeMs, () => {
      stop = null;
      relieve();
    });
  }

  function touchPage(page: SharedPage): void {
    page.usedAt = monotonicNow();
    if (pages.delete(page)) pages.add(page);
  }

  const pageWith = (room: string, epoch: string, offset: number): SharedPage | null => {
    for (const page of pagesByRoom.get(room) ?? [])
      if (page.epoch === epoch && page.first <= offset && offset <= page.last) return page;
    return null;
  };

  return {
    whenRead(room, at) {
      const page = pageWith(room, at.epoch, at.offset + 1);
      return page && !page.entries ? page.whenReady : null;
    },
    findEntries(room, at) {
      const page = pageWith(room, at.epoch, at.offset + 1);
      if (!page?.entries) return null;
      touchPage(page);
      return page.entries.slice(at.offset + 1 - page.first);
    },
    async readAndKeep(room, at, limit, read) {
      const first = at.offset + 1;
      let next = Infinity;
      for (const page of pagesByRoom.get(room) ?? [])
        if (page.epoch === at.epoch && page.first > first) next = Math.min(next, page.first);
      let settle = (): void => undefined;
      const page: SharedPage = {
        epoch: at.epoch,
        room,
        first,
        last: Math.min(next - 1, first + limit - 1),
        entries: null,
        whenReady: new Promise((resolve) => {
          settle = resolve;
        }),
        bytes: 0,
        usedAt: monotonicNow(),
      };
      pages.add(page);
      const its = pagesByRoom.get(room) ?? new Set();
      pagesByRoom.set(room, its.add(page));
      try {
        const found = await read(next === Infinity ? '+' : next - 1);
        const [oldest] = found.entries;
        if (found.top.epoch !== at.epoch || oldest?.[0] !== first || oldest[2] !== at.tag) removePage(page);
        else if (pages.has(page)) {
          page.entries = found.entries;
          page.last = first + found.entries.length - 1;
          for (const entry of found.entries) page.bytes += entryBytes + memorySizeOf(entry[8]);
          totalBytes += page.bytes;
          touchPage(page);
        }
        return found;
      } catch (error) {
        removePage(page);
        throw error;
      } finally {
        settle();
        relieve();
      }
    },
    dropRoom(room) {
      for (const page of pagesByRoom.get(room) ?? []) removePage(page);
    },
    close() {
      stop?.();
      for (const page of pages) removePage(page);
    },
  };
}
