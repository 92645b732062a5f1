import { useCallback } from 'react';
import type { PresenceIn } from '../contract/infer.js';
import type { Room } from '../client/rooms/room.js';
import { roomHandle } from './room-of.js';
import { useSelection } from './use-selection.js';

/** Own presence as last set, and what merges into it: the last value of a key wins, the others learn of it at most every 50 ms. */
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
