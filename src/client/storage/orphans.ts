// Looks for sessions that closed pages left behind, and has their messages delivered, one session after the other.
import { startCourier } from './courier.js';
import type { Disk, HeldSession } from './disk.js';
import type { Courier, Keeper, StorageHost, Take } from './port.js';
import { restoredFrom } from './records.js';
import { findOrphan, type Wanted } from './session-lock.js';

/** How long after one search the next one begins, in ms. */
const searchPauseMs = 60_000;

export interface Orphans {
  /** Searches now, unless a search is under way, and again every minute while the client is connected. */
  look(): void;
  end(): void;
}

/** The session of this page. */
export interface OwnSession {
  readonly key: string;
  /** Returns the user and the server whose sessions are looked for. */
  readonly wanted: () => Pick<Wanted, 'owner' | 'server'>;
  /** Resolves once the outbox of this page is on disk. */
  readonly written: () => Promise<void>;
}

export function createOrphans(
  disk: Disk,
  own: OwnSession,
  host: StorageHost,
  keep: (host: StorageHost, take: Take) => Keeper,
): Orphans {
  /** Keys of sessions that this page has tried. A later page delivers what this one cannot. */
  const tried = new Set([own.key]);
  let isSearching = false;
  let ended = false;
  let courier: Courier | null = null;
  let cancel = (): void => undefined;

  const deliver = (orphan: HeldSession): Promise<void> =>
    new Promise((resolve) => {
      // The reference stays afterwards: a courier whose storage failed is still connected, and `end` closes it.
      courier = startCourier(orphan, host, keep, resolve);
    });

  /** Takes over what a courier left, which has failed, and forgets the session. Keeps a session with other messages. */
  const finish = async (key: string): Promise<void> => {
    const left = (await disk.messages(key)).flatMap((record) => restoredFrom(record) ?? []);
    if (ended || left.some(({ entry }) => !entry.failure)) return;
    if (left.length) {
      host.dispatch({ type: 'restored', session: host.state().session, messages: left });
      await own.written();
    }
    await disk.remove(key);
  };

  const search = async (): Promise<void> => {
    const next = () => findOrphan(disk, tried, own.wanted(), host.clock.now());
    for (let orphan = await next(); orphan; orphan = ended ? null : await next()) {
      const { key } = orphan.row;
      tried.add(key);
      try {
        if (ended) return;
        host.tell({ type: 'adopted', messages: orphan.messages });
        await deliver(orphan);
        await finish(key);
      } finally {
        orphan.unlock();
      }
    }
  };

  const look = (): void => {
    if (isSearching || ended || host.state().connection.status !== 'live') return;
    cancel();
    isSearching = true;
    search()
      .catch((error: unknown) => {
        if (!ended) host.tell({ type: 'not-adopted', error });
      })
      .finally(() => {
        isSearching = false;
        if (!ended) cancel = host.clock.after(searchPauseMs, look);
      });
  };

  return {
    look,
    end() {
      ended = true;
      cancel();
      courier?.close();
    },
  };
}
