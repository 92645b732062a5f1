import { useCallback } from 'react';
import type { PresenceIn } from '../contract/infer.js';
import type { Room } from '../client/rooms/room.js';
import { roomHandle } from './room-of.js';
import { useSelection } from './use-selection.js';

/**
 * Returns your presence in a room, and a function that merges a patch into it. The last value of a key wins. The other
 * members see changes at most every 50 ms.
 *
 * @example
 * const [mine, update] = useMyPresence(room);
 * return <input onFocus={() => update({ isTyping: true })} />;
 */
export function useMyPresence<R>(
  room: Room<R>,
): readonly [mine: PresenceIn<R> | null, update: (patch: Partial<PresenceIn<R>>) => void] {
  const { owner } = roomHandle.of(room);
  const lasting = roomHandle.lasting(room);
  const mine = useSelection(owner.store, ({ rooms }) => rooms[room.id]?.mine ?? null) as PresenceIn<R> | null;
  const update = useCallback(
    (patch: Partial<PresenceIn<R>>) => {
      lasting.setPresence(patch);
    },
    [lasting],
  );
  return [mine, update];
}
