import { useEffect, useRef, useInsertionEffect } from 'react';
import type { Client } from '../client/client.js';
import { createWaitingRoom } from '../client/rooms/waiting-room.js';
import type { ParamsOf, PresenceIn, RoomName } from '../contract/infer.js';
import type { RoomHandle } from '../client/rooms/room-handle.js';
import type { Room } from '../client/rooms/room.js';
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

/** A room without parameters takes its options in their place. */
type Args<R> = keyof ParamsOf<R> extends never
  ? [options?: UseRoomOptions<R>] | [params: null | undefined, options?: UseRoomOptions<R>]
  : [params: ParamsOf<R>, options?: UseRoomOptions<R>];

type Params = Readonly<Record<string, string>>;

const waitingRooms = new WeakMap<Client, RoomHandle>();

/** The handle of a room. A component that does not want the room yet may not know its parameters either, and waits. */
function handleFor(client: Client, room: RoomName, params: Params | undefined, enabled: boolean): RoomHandle {
  try {
    return client.handle(room, params);
  } catch (error) {
    if (enabled) throw error;
    const waiting = waitingRooms.get(client) ?? createWaitingRoom(client);
    waitingRooms.set(client, waiting);
    return waiting;
  }
}

const hasParams = (room: RoomName): boolean => typeof room !== 'string' && /(^|\/):/.test(room.pattern);

/**
 * A room, joined for as long as a component uses it. Renders again when its `status`, `continuity` or `error`
 * change, and
 * returns another object then, so that `memo`, `useMemo` and the React Compiler see it; calls on an older one
 * still work.
 * An effect that is to run once for a room depends on `room.id`.
 *
 * With `enabled: false` it is not joined, and its parameters need not be there yet: then its id is empty, and
 * it refuses
 * to send with `invalid`. Otherwise it throws `invalid` where a parameter is missing or empty.
 *
 * @example
 * const room = useRoom(chat, { id: id ?? '' }, { enabled: id !== undefined });
 * const lobby = useRoom('lobby', { history: 20 });
 */
export function useRoom<R extends RoomName>(room: R, ...[first, second]: Args<R>): Room<R> {
  const client = useRealtime();
  const named = hasParams(room);
  const options: UseRoomOptions<R> = second ?? (named ? {} : (first as UseRoomOptions<R> | null)) ?? {};
  const { enabled = true } = options;
  const handle = handleFor(client, room, named ? (first as Params) : undefined, enabled);
  const latest = useRef(options);
  useInsertionEffect(() => {
    latest.current = options;
  });
  useEffect(() => {
    if (!enabled) return undefined;
    const { history, presence } = latest.current;
    return handle.retain({ history, presence: presence as Readonly<Record<string, unknown>> | undefined });
  }, [handle, enabled]);
  return useRealtimeStore(({ rooms }) => roomHandle.at<R>(handle, rooms[handle.id]));
}
