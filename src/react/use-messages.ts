import { useCallback, useEffect, useMemo } from 'react';
import type { TypeOf } from '../contract/infer.js';
import type { Room } from '../client/rooms/room.js';
import { everyType } from '../client/machine/room/lists.js';
import type { MessageIn } from '../client/rooms/types.js';
import { roomHandle } from './room-of.js';
import { useSelection } from './use-selection.js';

export interface UseMessagesOptions {
  /** The newest messages to show, at least; more where older ones were loaded. Default 100. */
  readonly limit?: number;
  /** Whether own messages that are not acknowledged yet stand at the end, with their `status`. Default true. */
  readonly pending?: boolean;
}

export interface Messages<M> {
  /** Oldest first. */
  readonly messages: readonly M[];
  readonly hasOlder: boolean;
  /** Loads a page of older messages. */
  readonly loadOlder: () => void;
  readonly isLoading: boolean;
  /** Offsets known to be missing, both included. */
  readonly gap: readonly [from: number, to: number] | null;
}

const empty = { messages: [], hasOlder: false, isLoading: false, gap: null } as const;

/** A room's messages, of one type or of all. Renders again when that list changes. */
export function useMessages<R, T extends TypeOf<R> = TypeOf<R>>(
  room: Room<R>,
  type?: T,
  { limit = 100, pending = true }: UseMessagesOptions = {},
): Messages<MessageIn<R, T>> {
  const list = type ?? everyType;
  const handle = roomHandle.of(room);
  useEffect(() => handle.retainList(list, limit), [handle, list, limit]);
  const view = useSelection(handle.owner.store, ({ rooms }) => rooms[room.id]?.lists[list] ?? empty);
  const loadOlder = useCallback(() => {
    handle.loadOlder(list, limit);
  }, [handle, list, limit]);
  return useMemo(() => {
    const messages = pending ? view.messages : view.messages.filter(({ status }) => status === undefined);
    return { ...view, messages: messages as unknown as readonly MessageIn<R, T>[], loadOlder };
  }, [view, pending, loadOlder]);
}
