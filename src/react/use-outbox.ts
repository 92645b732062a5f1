import { useMemo } from 'react';
import type { OutboxEntry, OutboxView } from '../client/machine/view/view.js';
import { useRealtime } from './context.js';
import { roomHandle } from './room-of.js';
import { useSelection } from './use-selection.js';

export interface Outbox extends OutboxView {
  /** Sends a failed message again. */
  readonly retry: (id: string) => void;
  /** Forgets a failed message, or takes back one that has not left. */
  readonly discard: (id: string) => void;
}

/** Own messages that are not settled or failed, of all rooms or of one, and how far a backlog is flushed. */
export function useOutbox(room?: { readonly id: string }): Outbox {
  const nearest = useRealtime();
  const owner = roomHandle.ownerOf(room) ?? nearest;
  const outbox = useSelection(owner.store, (state) => state.outbox);
  const id = room?.id;
  return useMemo(() => {
    const mine = (entry: OutboxEntry): boolean => id === undefined || entry.room === id;
    return {
      pending: outbox.pending.filter(mine),
      failed: outbox.failed.filter(mine),
      progress: outbox.progress,
      retry: owner.retry,
      discard: owner.discard,
    };
  }, [owner, outbox, id]);
}
