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
  /** Your presence when you join. Later changes go through `useMyPresence`. */
  readonly presence?: PresenceIn<R>;
  /**
   * False does not join the room.
   *
   * @default true
   */
  readonly enabled?: boolean;
  /**
   * The number of entries to load from the log when joining, for `useMessages`.
   *
   * @default 0
   */
  readonly history?: number;
}

/** For a room without parameters, the options come in their place. */
type Args<R> = keyof ParamsOf<R> extends never
  ? [options?: UseRoomOptions<R>] | [params: null | undefined, options?: UseRoomOptions<R>]
  : [params: ParamsOf<R>, options?: UseRoomOptions<R>];

type Params = Readonly<Record<string, string>>;

const waitingRooms = new WeakMap<Client, RoomHandle>();

/**
 * Returns the handle of a room. A component with `enabled: false` may not know the parameters yet, and gets a waiting
 * room.
 */
function findHandle(
  client: Client,
  room: RoomName,
  params: Params | undefined,
  enabled: boolean,
): RoomHandle {
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
 * Joins a room as long as a component uses it, and returns the room. It renders again when `status`, `continuity` or
 * `error` changes, and then returns another object, so that `memo`, `useMemo` and the React Compiler notice. Calls on
 * an older object still work. An effect that runs once for a room depends on `room.id`.
 *
 * With `enabled: false` the room is not joined, and its parameters may be missing. Its id is empty then, and its
 * calls fail with `invalid`.
 *
 * @throws RealtimeError `invalid` if a parameter is missing or empty
 *
 * @example
 * const room = useRoom(chat, { id: id ?? '' }, { enabled: id !== undefined });
 * const lobby = useRoom('lobby', { history: 20 });
 */
export function useRoom<R extends RoomName>(room: R, ...[first, second]: Args<R>): Room<R> {
  const client = useRealtime();
  const takesParams = hasParams(room);
  const options: UseRoomOptions<R> = second ?? (takesParams ? {} : (first as UseRoomOptions<R> | null)) ?? {};
  const { enabled = true } = options;
  const handle = findHandle(client, room, takesParams ? (first as Params) : undefined, enabled);
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
