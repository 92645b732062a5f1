import { useEffect, useRef, useInsertionEffect } from 'react';
import type { ParamsOf, PresenceIn, RoomName } from '../contract/infer.js';
import type { Room } from '../client/room-handle.js';
import { useRealtime } from './context.js';
import { roomHandle } from './room-of.js';
import { useRealtimeStore } from './use-selection.js';

export interface UseRoomOptions<R = RoomName> {
  /** What the others see of us from the start. Later values are set with `useMyPresence`. */
  readonly presence?: PresenceIn<R>;
  /** Whether to join. Default true. */
  readonly enabled?: boolean;
  /** Entries of history to join with, for `useMessages`. */
  readonly history?: number;
}

type Args<R> = keyof ParamsOf<R> extends never
  ? [params?: ParamsOf<R> | null, options?: UseRoomOptions<R>]
  : [params: ParamsOf<R>, options?: UseRoomOptions<R>];

/**
 * A room, joined for as long as a component uses it. Renders again when its `status`, `continuity` or `error` change, and
 * returns another object then, so that `memo`, `useMemo` and the React Compiler see it; calls on an older one still work.
 * An effect that is to run once for a room depends on `room.id`. Throws `invalid` where a parameter is missing or empty.
 */
export function useRoom<R extends RoomName>(room: R, ...[params, options = {}]: Args<R>): Room<R> {
  const client = useRealtime();
  const handle = client.handle(room, (params ?? undefined) as Readonly<Record<string, string>> | undefined);
  const { enabled = true } = options;
  const latest = useRef(options);
  useInsertionEffect(() => {
    latest.current = options;
  });
  useEffect(() => {
    if (!enabled) return undefined;
    const { history, presence } = latest.current;
    return handle.retain({ history, presence: presence as Readonly<Record<string, unknown>> | undefined });
  }, [handle, enabled]);
  const shown = useRealtimeStore(({ rooms }) => roomHandle.at(handle, rooms[handle.id]));
  return shown as unknown as Room<R>;
}
