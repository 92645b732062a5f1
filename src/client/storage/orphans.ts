// What pages that are gone left behind: delivered one session after the other, each as itself, beside our own.
import type { Disk, HeldSession } from './disk.js';
import { hasUnsettled } from '../machine/model/room-state.js';
import type { Courier, Keeper, StorageHost, Take } from './port.js';
import { restoredFrom } from './records.js';
import { findOrphan, type Wanted } from './session-lock.js';

/** How long after one look at what was left the next comes, in ms. */
const again = 60_000;

export interface Orphans {
  /** Looks for sessions that were left behind, unless it is at it; and again every minute while connected. */
  look(): void;
  end(): void;
}

/** `own`: the key of our session, whose it is and for which server, and what waits until all of it is on disk. */
export function createOrphans(
  disk: Disk,
  own: {
    readonly key: string;
    readonly wanted: () => Pick<Wanted, 'owner' | 'server'>;
    readonly written: () => Promise<void>;
  },
  host: StorageHost,
  keep: (host: StorageHost, take: Take) => Keeper,
): Orphans {
  /** Sessions looked at already: what could not be delivered now waits for the next page. */
  const seen = new Set([own.key]);
  let looking = false;
  let ended = false;
  let courier: Courier | null = null;
  let cancel = (): void => undefined;

  /** Until nothing of it waits any more, or nothing can be done about it now. Resolves once everything is written. */
  const deliver = (orphan: HeldSession): Promise<void> =>
    new Promise((resolve) => {
      let attached = false;
      const sent = host.spawn({
        attach(its) {
          // A second time only for another user, to whom this session does not belong.
          const again = attached;
          attached = true;
          const keeper = keep(
            its,
            again
              ? () => Promise.reject(new Error('not of this user'))
              : () => Promise.resolve({ ...orphan, unlock: resolve }),
          );
          let open = false;
          const look = (): void => {
            const { rooms, connection } = its.state();
            if (
              !open ||
              (connection.status !== 'closed' &&
                connection.status !== 'needs-auth' &&
                Array.from(rooms.values()).some(hasUnsettled))
            )
              return;
            open = false;
            courier = null;
            sent.close();
          };
          return {
            ...keeper,
            async ready(address) {
              await keeper.ready(address);
              open = true;
              look();
            },
            sync() {
              keeper.sync();
              look();
            },
          };
        },
      });
      courier = sent;
      sent.connect();
    });

  async function all(): Promise<void> {
    const next = () => findOrphan(disk, seen, own.wanted(), host.clock.now());
    for (let orphan = await next(); orphan; orphan = ended ? null : await next()) {
      const { key } = orphan.row;
      seen.add(key);
      try {
        if (ended) return;
        host.tell({ type: 'adopted', messages: orphan.messages });
        await deliver(orphan);
        const left = (await disk.messages(key)).flatMap((record) => restoredFrom(record) ?? []);
        if (ended || left.some(({ entry }) => !entry.failure)) continue;
        // What failed is shown by us from now on.
        if (left.length) {
          host.dispatch({ type: 'restored', session: host.state().session, messages: left });
          await own.written();
        }
        await disk.remove(key);
      } finally {
        orphan.unlock();
      }
    }
  }

  function look(): void {
    if (looking || ended || host.state().connection.status !== 'live') return;
    cancel();
    looking = true;
    // One that cannot be had now may be had later.
    all()
      .catch((error: unknown) => {
        if (!ended) host.tell({ type: 'not-adopted', error });
      })
      .finally(() => {
        looking = false;
        if (!ended) cancel = host.clock.after(again, look);
      });
  }

  return {
    look,
    end() {
      ended = true;
      cancel();
      courier?.close();
    },
  };
}
