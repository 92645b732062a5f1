// What a slow reader gets of the volatile traffic that passed it by: nothing, the newest few, or the newest of each kind.
import type { ServerFrame } from '../protocol/frames.js';
import { weightOf } from './weight.js';

/** What becomes of broadcasts for a member that reads too slowly: dropped; the newest 100 kept; the newest of each sender and type kept; or the connection closed with 4008. */
export type SlowPolicy = 'drop' | 'drop-oldest' | 'coalesce' | 'close';

export const slowPolicies: readonly SlowPolicy[] = ['drop', 'drop-oldest', 'coalesce', 'close'];

/** Broadcasts kept for one member of one room, and what they may cost in memory, in bytes, unless one alone costs more. */
const most = 100;
const heaviest = 65_536;

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
  let weight = 0;
  for (const it of kept.values()) weight += weightOf(it.data);
  for (const [oldest, it] of kept) {
    if (kept.size === 1 || (kept.size <= most && weight <= heaviest)) break;
    kept.delete(oldest);
    weight -= weightOf(it.data);
  }
  return true;
}
