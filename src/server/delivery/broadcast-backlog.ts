// What a slow reader gets of the volatile traffic that passed it by: nothing, the newest few, or the newest of each kind.
import type { ServerFrame } from '../../protocol/frames.js';
import type { SlowPolicy } from '../rooms/slow-policy.js';
import { memorySizeOf } from '../util/memory-size.js';
import { compositeKey } from '../util/composite-key.js';

/** Broadcasts kept for one member of one room, and what they may cost in memory, in bytes, unless one alone costs more. */
const maxBroadcasts = 100;
const maxBacklogBytes = 65_536;

type BroadcastFrame = Extract<ServerFrame, { type: 'broadcast' }>;

/** What is kept for one member of one room, and what it costs. */
export interface BroadcastBacklog {
  /** Oldest first, by what the next of its kind replaces. */
  readonly frames: Map<string | number, BroadcastFrame>;
  /** Broadcasts that were kept so far: each is a key of its own, unless its room coalesces. */
  broadcasts: number;
  bytes: number;
}

export const emptyBacklog = (): BroadcastBacklog => ({ frames: new Map(), broadcasts: 0, bytes: 0 });

function dropBroadcast(backlog: BroadcastBacklog, key: string | number): void {
  const frame = backlog.frames.get(key);
  if (frame && backlog.frames.delete(key)) backlog.bytes -= memorySizeOf(frame.data);
}

/** Whether it is kept, and so comes later. */
export function keepBroadcast(backlog: BroadcastBacklog, policy: SlowPolicy, frame: BroadcastFrame): boolean {
  if (policy !== 'drop-oldest' && policy !== 'coalesce') return false;
  const key =
    policy === 'coalesce' ? compositeKey(frame.sender?.[0] ?? '', frame.message) : ++backlog.broadcasts;
  dropBroadcast(backlog, key);
  backlog.frames.set(key, frame);
  backlog.bytes += memorySizeOf(frame.data);
  for (const oldest of backlog.frames.keys()) {
    if (
      backlog.frames.size === 1 ||
      (backlog.frames.size <= maxBroadcasts && backlog.bytes <= maxBacklogBytes)
    )
      break;
    dropBroadcast(backlog, oldest);
  }
  return true;
}
