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

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((fulfil) => {
    resolve = fulfil;
  });
  return { promise, resolve: () => resolve() };
}

export class SharedPages {
  private readonly ports: Pick<ServerPorts, 'setTimer' | 'monotonicNow'>;
  /** The least recently used comes first. */
  private readonly pages = new Set<SharedPage>();
  private readonly pagesByRoom = new Map<string, Set<SharedPage>>();
  private totalBytes = 0;
  private cancelTimer: (() => void) | null = null;

  constructor(ports: Pick<ServerPorts, 'setTimer' | 'monotonicNow'>) {
    this.ports = ports;
  }

  /** Resolves once the page with the entries after a position was read; null if none is being read. */
  whenRead(room: string, at: Position): Promise<void> | null {
    const page = this.pageWith(room, at.epoch, at.offset + 1);
    return page && !page.entries ? page.whenReady : null;
  }

  /** The entries after a position, as far as one page has them; null if no page does. */
  findEntries(room: string, at: Position): readonly EntryTuple[] | null {
    const page = this.pageWith(room, at.epoch, at.offset + 1);
    if (!page?.entries) return null;
    this.touch(page);
    return page.entries.slice(at.offset + 1 - page.first);
  }

  /**
   * Reads at most `limit` entries after a position, and keeps them. `read` gets the highest offset that no
   * other page has, or '+'.
   */
  async readAndKeep<T extends PageRead>(
    room: string,
    at: Position,
    limit: number,
    read: (high: number | '+') => Promise<T>,
  ): Promise<T> {
    const next = this.firstOffsetAfter(room, at);
    const { promise, resolve } = deferred();
    const first = at.offset + 1;
    const page: SharedPage = {
      epoch: at.epoch,
      room,
      first,
      last: Math.min(next - 1, first + limit - 1),
      entries: null,
      whenReady: promise,
      bytes: 0,
      usedAt: this.ports.monotonicNow(),
    };
    this.pages.add(page);
    this.pagesByRoom.set(room, (this.pagesByRoom.get(room) ?? new Set()).add(page));
    try {
      const found = await read(next === Infinity ? '+' : next - 1);
      this.fill(page, at, found);
      return found;
    } catch (error) {
      this.remove(page);
      throw error;
    } finally {
      resolve();
      this.forgetOld();
    }
  }

  /** The room's log has changed. */
  dropRoom(room: string): void {
    for (const page of this.pagesByRoom.get(room) ?? []) this.remove(page);
  }

  close(): void {
    this.cancelTimer?.();
    for (const page of this.pages) this.remove(page);
  }

  /** Gives a page the entries that were read, unless they do not follow the position. */
  private fill(page: SharedPage, at: Position, { top, entries }: PageRead): void {
    const [oldest] = entries;
    if (top.epoch !== at.epoch || oldest?.[0] !== page.first || oldest[2] !== at.tag)
      return this.remove(page);
    if (!this.pages.has(page)) return;
    page.entries = entries;
    page.last = page.first + entries.length - 1;
    for (const entry of entries) page.bytes += entryBytes + memorySizeOf(entry[8]);
    this.totalBytes += page.bytes;
    this.touch(page);
  }

  private firstOffsetAfter(room: string, at: Position): number {
    let next = Infinity;
    for (const page of this.pagesByRoom.get(room) ?? [])
      if (page.epoch === at.epoch && page.first > at.offset + 1) next = Math.min(next, page.first);
    return next;
  }

  private pageWith(room: string, epoch: string, offset: number): SharedPage | null {
    for (const page of this.pagesByRoom.get(room) ?? [])
      if (page.epoch === epoch && page.first <= offset && offset <= page.last) return page;
    return null;
  }

  private touch(page: SharedPage): void {
    page.usedAt = this.ports.monotonicNow();
    if (this.pages.delete(page)) this.pages.add(page);
  }

  private remove(page: SharedPage): void {
    if (!this.pages.delete(page)) return;
    this.totalBytes -= page.bytes;
    const pagesOfRoom = this.pagesByRoom.get(page.room);
    pagesOfRoom?.delete(page);
    if (pagesOfRoom?.size === 0) this.pagesByRoom.delete(page.room);
  }

  /** Forgets pages that are old or too many. Pages that are being read stay. */
  private forgetOld(): void {
    const { setTimer, monotonicNow } = this.ports;
    for (const page of this.pages) {
      if (this.totalBytes <= maxPagesBytes && monotonicNow() - page.usedAt < pageLifeMs) break;
      if (page.entries) this.remove(page);
    }
    if (this.pages.size === 0 || this.cancelTimer) return;
    this.cancelTimer = setTimer(pageLifeMs, () => {
      this.cancelTimer = null;
      this.forgetOld();
    });
  }
}
