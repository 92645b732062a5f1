// What a slow reader gets of the volatile traffic that passed it by: nothing, the newest few, or the newest of each kind.
import type { ServerFrame } from '../protocol/frames.js';

/** What becomes of broadcasts for a member that reads too slowly: dropped; the newest 100 kept; the newest of each sender and type kept; or the connection closed with 4008. */
export type SlowPolicy = 'drop' | 'drop-oldest' | 'coalesce' | 'close';

export const slowPolicies: readonly SlowPolicy[] = ['drop', 'drop-oldest', 'coalesce', 'close'];

/** Broadcasts kept for one member of one room. */
const most = 100;

type Broadcast = Extract<ServerFrame, { type: 'broadcast' }>;

/** Oldest first, by what the next of its kind replaces. */
export type Kept = Map<string | number, Broadcast>;

let serial = 0;

/** Whether it is kept, and so comes later. */
export function keep(kept: Kept, policy: SlowPolicy, frame: Broadcast): boolean {
  if (policy !== 'drop-oldest' && policy !== 'coalesce') return false;
  const key = policy === 'coalesce' ? `${frame.sender?.[0] ?? ''}\n${frame.message}` : ++serial;
  kept.delete(key);
  kept.set(key, frame);
  if (kept.size > most) kept.delete(kept.keys().next().value as string | number);
  return true;
}
