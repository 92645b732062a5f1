// The broadcasts that a slow reader gets later: none, the newest few, or the newest of each kind.
import type { ServerFrame } from '../../protocol/frames.js';
import type { SlowPolicy } from '../rooms/slow-policy.js';
import { compositeKey } from '../util/composite-key.js';
import { memorySizeOf } from '../util/memory-size.js';

/**
 * The broadcasts that are kept for one member of one room, at most, and the memory that they may take, in
 * bytes, unless a single one takes more.
 */
const maxBroadcasts = 100;
const maxBacklogBytes = 65_536;

type BroadcastFrame = Extract<ServerFrame, { type: 'broadcast' }>;

/** The broadcasts that are kept for one member of one room, and the memory that they take. */
export interface BroadcastBacklog {
  /** The oldest comes first. The key tells which later broadcast replaces it. */
  readonly frames: Map<string | number, BroadcastFrame>;
  /**
   * How many broadcasts were kept so far. The number is the key of a broadcast, unless its room coalesces.
   */
  broadcasts: number;
  bytes: number;
}

export const emptyBacklog = (): BroadcastBacklog => ({ frames: new Map(), broadcasts: 0, bytes: 0 });

function dropBroadcast(backlog: BroadcastBacklog, key: string | number): void {
  const frame = backlog.frames.get(key);
  if (frame && backlog.frames.delete(key)) backlog.bytes -= memorySizeOf(frame.data);
}

/** Keeps a broadcast for later, if the policy says so. Returns whether it is kept. */
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
