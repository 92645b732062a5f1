import { useMemo } from 'react';
import type { OutboxEntry, OutboxView } from '../client/machine/view/view.js';
import { useRealtime } from './context.js';
import { roomHandle } from './room-of.js';
import { useSelection } from './use-selection.js';

export interface Outbox extends OutboxView {
  /** Sends a failed message again, as the newest of its room. */
  readonly retry: (id: string) => void;
  /** Forgets a failed message, or takes back a message that was not sent yet. */
  readonly discard: (id: string) => void;
}

/**
 * Returns your messages without an answer and your failed messages, of all rooms or of one, and the progress of a
 * backlog.
 *
 * @example
 * const { pending, failed, retry } = useOutbox(room);
 */
export function useOutbox(room?: { readonly id: string }): Outbox {
  const client = useRealtime();
  const owner = roomHandle.ownerOf(room) ?? client;
  const outbox = useSelection(owner.store, (state) => state.outbox);
  const id = room?.id;
  return useMemo(() => {
    const isOfRoom = (entry: OutboxEntry): boolean => id === undefined || entry.room === id;
    return {
      pending: outbox.pending.filter(isOfRoom),
      failed: outbox.failed.filter(isOfRoom),
      progress: outbox.progress,
      retry: owner.retry,
      discard: owner.discard,
    };
  }, [owner, outbox, id]);
}
