// Which session a client has: one that a page left behind, or a new one; and who cares for the others that were left behind.
import type { Disk, HeldSession, SessionRow } from './disk.js';

/** How long a session without messages is remembered, so that a page that reloads is the same member, in ms. */
const idleTime = 86_400_000;

export interface Wanted {
  /** Whose session: undefined where nobody knows yet. */
  readonly owner: string | null | undefined;
  /** For which server: undefined where nobody knows yet. */
  readonly server?: string | undefined;
  /** Keys of sessions that turned out to be another user's. */
  readonly foreign: ReadonlySet<string>;
}

/** Locks the newest session that is free and may be ours, or a new one. */
export async function takeSession(
  disk: Disk,
  { owner, server, foreign }: Wanted,
  now: number,
  newKey: () => string,
): Promise<HeldSession> {
  const rows = [...(await disk.sessions())].toSorted((a, b) => b.usedAt - a.usedAt);
  for (const known of rows) {
    if (foreign.has(known.key) || (known.server !== undefined && known.server !== server)) continue;
    if (owner !== undefined && known.owner !== undefined && known.owner !== owner) continue;
    const held = await hold(disk, known.key);
    if (held) return touched(held, { ...held.row, owner: held.row.owner ?? owner, server, usedAt: now });
  }
  const row: SessionRow = { key: newKey(), owner, member: undefined, server, usedAt: now };
  const unlock = await disk.lock(row.key);
  if (!unlock) throw new Error('a new session is locked already');
  return touched({ row, disk, unlock }, row);
}

const touched = ({ disk, unlock }: HeldSession, row: SessionRow): Promise<HeldSession> =>
  unlessFails(unlock, async () => {
    await disk.write(row.key, { row });
    return { row, disk, unlock };
  });

/** Does what needs a lock, and gives the lock back where it fails. */
async function unlessFails<T>(unlock: () => void, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    unlock();
    throw error;
  }
}

/** A session as it is now, if it is free: what was read before the lock may be old. */
async function hold(disk: Disk, key: string): Promise<HeldSession | null> {
  const unlock = await disk.lock(key);
  if (!unlock) return null;
  return unlessFails(unlock, async () => {
    const row = (await disk.sessions()).find((it) => it.key === key);
    if (!row) unlock();
    return row ? { row, disk, unlock } : null;
  });
}

/** A session of `owner` at `server`, other than those in `seen`, whose page is gone and whose messages wait. One in which nothing waits is forgotten after a day. */
export async function findOrphan(
  disk: Disk,
  seen: ReadonlySet<string>,
  { owner, server }: Pick<Wanted, 'owner' | 'server'>,
  now: number,
): Promise<(HeldSession & { readonly messages: number }) | null> {
  for (const row of await disk.sessions()) {
    const { key } = row;
    const isOther =
      row.owner === undefined || row.owner !== owner || (row.server !== undefined && row.server !== server);
    const held = seen.has(key) || isOther ? null : await hold(disk, key);
    if (!held) continue;
    const { length } = await unlessFails(held.unlock, async () => {
      const waiting = await disk.messages(key);
      if (waiting.length === 0 && now - held.row.usedAt > idleTime) await disk.remove(key);
      return waiting;
    });
    if (length > 0) return { ...held, messages: length };
    held.unlock();
  }
  return null;
}
