import { useCallback, useEffect, useMemo } from 'react';
import type { TypeOf } from '../contract/infer.js';
import type { Room } from '../client/rooms/room.js';
import { everyType } from '../client/machine/room/lists.js';
import type { MessageIn } from '../client/rooms/types.js';
import { roomHandle } from './room-of.js';
import { useSelection } from './use-selection.js';

export interface UseMessagesOptions {
  /**
   * The number of the newest messages to show. `loadOlder` adds older ones.
   *
   * @default 100
   */
  readonly limit?: number;
  /**
   * True adds your own messages without an ack at the end, with a `status`.
   *
   * @default true
   */
  readonly pending?: boolean;
}

export interface Messages<M> {
  /** The messages, oldest first. */
  readonly messages: readonly M[];
  /** True if the log has older messages. */
  readonly hasOlder: boolean;
  /** Loads a page of older messages. */
  readonly loadOlder: () => void;
  /** True while older messages are loading. */
  readonly isLoading: boolean;
  /** The first and the last offset of messages that are missing, or null. */
  readonly gap: readonly [from: number, to: number] | null;
}

const noMessages = { messages: [], hasOlder: false, isLoading: false, gap: null } as const;

/**
 * Returns the messages of a room, of one type or of all types. It renders again when that list changes.
 *
 * @example
 * const { messages, hasOlder, loadOlder } = useMessages(room, 'said', { limit: 50 });
 */
export function useMessages<R, T extends TypeOf<R> = TypeOf<R>>(
  room: Room<R>,
  type?: T,
  { limit = 100, pending = true }: UseMessagesOptions = {},
): Messages<MessageIn<R, T>> {
  const list = type ?? everyType;
  const handle = roomHandle.of(room);
  useEffect(() => handle.retainList(list, limit), [handle, list, limit]);
  const view = useSelection(handle.owner.store, ({ rooms }) => rooms[room.id]?.lists[list] ?? noMessages);
  const loadOlder = useCallback(() => {
    handle.loadOlder(list, limit);
  }, [handle, list, limit]);
  return useMemo(() => {
    const messages = pending ? view.messages : view.messages.filter(({ status }) => status === undefined);
    return { ...view, messages: messages as unknown as readonly MessageIn<R, T>[], loadOlder };
  }, [view, pending, loadOlder]);
}
