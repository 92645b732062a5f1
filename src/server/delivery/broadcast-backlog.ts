// What a slow reader gets of the volatile traffic that passed it by: nothing, the newest few, or the newest of each kind.
import type { ServerFrame } from '../../protocol/frames.js';
import type { SlowPolicy } from '../rooms/slow-policy.js';
import { weightOf } from '../util/memory-size.js';

/** Broadcasts kept for one member of one room, and what they may cost in memory, in bytes, unless one alone costs more. */
const most = 100;
const heaviest = 65_536;

type Broadcast = Extract<ServerFrame, { type: 'broadcast' }>;

/** What is kept for one member of one room, and what it costs. */
export interface Kept {
  /** Oldest first, by what the next of its kind replaces. */
  readonly frames: Map<string | number, Broadcast>;
  weight: number;
}

export const nothingKept = (): Kept => ({ frames: new Map(), weight: 0 });

function drop(kept: Kept, key: string | number): void {
  const frame = kept.frames.get(key);
  if (frame && kept.frames.delete(key)) kept.weight -= weightOf(frame.data);
}

let serial = 0;

/** Whether it is kept, and so comes later. */
export function keep(kept: Kept, policy: SlowPolicy, frame: Broadcast): boolean {
  if (policy !== 'drop-oldest' && policy !== 'coalesce') return false;
  const key = policy === 'coalesce' ? `${frame.sender?.[0] ?? ''}\n${frame.message}` : ++serial;
  drop(kept, key);
  kept.frames.set(key, frame);
  kept.weight += weightOf(frame.data);
  for (const oldest of kept.frames.keys()) {
    if (kept.frames.size === 1 || (kept.frames.size <= most && kept.weight <= heaviest)) break;
    drop(kept, oldest);
  }
  return true;
}
