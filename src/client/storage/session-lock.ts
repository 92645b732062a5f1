// Takes the session of a client: one of an earlier page, or a new one. Finds sessions of closed pages with messages.
import type { Disk, HeldSession, SessionRow } from './disk.js';

/** How long a session without messages is kept, in ms. A page that reloads takes it, and stays the same member. */
const idleSessionMs = 86_400_000;

export interface Wanted {
  /** The user of the session; undefined while the client does not know. */
  readonly owner: string | null | undefined;
  /** The server of the session; undefined while the client does not know. */
  readonly server?: string | undefined;
  /** Keys of sessions that turned out to be another user's. */
  readonly foreign: ReadonlySet<string>;
}

/** Locks the newest session that is free and may belong to this user and server, or makes a new one. */
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
    const held = await lockSession(disk, known.key);
    if (held) return saveRow(held, { ...held.row, owner: held.row.owner ?? owner, server, usedAt: now });
  }
  const row: SessionRow = { key: newKey(), owner, member: undefined, server, usedAt: now };
  const unlock = await disk.lock(row.key);
  if (!unlock) throw new Error('another client has the lock of a session that was just made');
  return saveRow({ row, disk, unlock }, row);
}

/** Writes the row of a session that was taken. */
const saveRow = ({ disk, unlock }: HeldSession, row: SessionRow): Promise<HeldSession> =>
  unlockOnFailure(unlock, async () => {
    await disk.write(row.key, { row });
    return { row, disk, unlock };
  });

/** Calls a function that needs the lock, and unlocks if it fails. */
async function unlockOnFailure<T>(unlock: () => void, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    unlock();
    throw error;
  }
}

/**
 * Locks a session and reads its row again: it may have changed before the lock. Returns null if the session is not
 * free.
 */
async function lockSession(disk: Disk, key: string): Promise<HeldSession | null> {
  const unlock = await disk.lock(key);
  if (!unlock) return null;
  return unlockOnFailure(unlock, async () => {
    const row = (await disk.sessions()).find((session) => session.key === key);
    if (!row) unlock();
    return row ? { row, disk, unlock } : null;
  });
}

/**
 * Finds and locks a session of `owner` at `server` whose page is gone and whose messages wait. It passes over the
 * sessions in `tried`, and removes a session without messages after a day.
 */
export async function findOrphan(
  disk: Disk,
  tried: ReadonlySet<string>,
  { owner, server }: Pick<Wanted, 'owner' | 'server'>,
  now: number,
): Promise<(HeldSession & { readonly messages: number }) | null> {
  for (const row of await disk.sessions()) {
    const { key } = row;
    const isOther =
      row.owner === undefined || row.owner !== owner || (row.server !== undefined && row.server !== server);
    const held = tried.has(key) || isOther ? null : await lockSession(disk, key);
    if (!held) continue;
    const { length } = await unlockOnFailure(held.unlock, async () => {
      const waiting = await disk.messages(key);
      if (waiting.length === 0 && now - held.row.usedAt > idleSessionMs) await disk.remove(key);
      return waiting;
    });
    if (length > 0) return { ...held, messages: length };
    held.unlock();
  }
  return null;
}
