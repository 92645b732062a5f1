// Which session a client has: one that a page left behind, or a new one; and who cares for the others that were left behind.
import type { Disk, HeldSession, SessionRow } from './disk.js';

/** How long a session without messages is remembered, so that a page that reloads is the same member, in ms. */
const idleTime = 86_400_000;

/** Locks the newest session that is free and may be ours, or a new one. */
export async function takeSession(disk: Disk, owner: string | null | undefined, now: number, newKey: () => string): Promise<HeldSession> {
  const rows = [...(await disk.sessions())].toSorted((a, b) => b.usedAt - a.usedAt);
  for (const known of rows) {
    if (owner !== undefined && known.owner !== undefined && known.owner !== owner) continue;
    const held = await hold(disk, known.key);
    if (held) return { ...held, row: await touch(disk, held.row, now) };
  }
  const row: SessionRow = { key: newKey(), owner: undefined, usedAt: now };
  const unlock = await disk.lock(row.key);
  if (!unlock) throw new Error('a new session is locked already');
  return { row: await touch(disk, row, now), disk, unlock };
}

async function touch(disk: Disk, row: SessionRow, usedAt: number): Promise<SessionRow> {
  const touched = { ...row, usedAt };
  await disk.write(row.key, { row: touched });
  return touched;
}

/** A session as it is now, if it is free: what was read before the lock may be old. */
async function hold(disk: Disk, key: string): Promise<HeldSession | null> {
  const unlock = await disk.lock(key);
  if (!unlock) return null;
  const row = (await disk.sessions()).find((it) => it.key === key);
  if (row) return { row, disk, unlock };
  unlock();
  return null;
}

/** A session of `owner` or of nobody known, other than those in `seen`, whose page is gone and whose messages wait. One in which nothing waits is forgotten after a day. */
export async function findOrphan(disk: Disk, seen: ReadonlySet<string>, owner: string | null | undefined, now: number): Promise<(HeldSession & { readonly messages: number }) | null> {
  for (const row of await disk.sessions()) {
    const { key } = row;
    const held = seen.has(key) || (row.owner !== undefined && row.owner !== owner) ? null : await hold(disk, key);
    if (!held) continue;
    const { length } = await disk.messages(key);
    if (length > 0) return { ...held, messages: length };
    if (now - held.row.usedAt > idleTime) await disk.remove(key);
    held.unlock();
  }
  return null;
}
