import type { Room } from '../client/rooms/room.js';
import type { MemberIn } from '../client/rooms/types.js';
import { roomHandle } from './room-of.js';
import { useSelection } from './use-selection.js';

const noMembers: readonly never[] = [];

/**
 * Returns the other members of a room in the order in which they joined, or what `selector` takes from them. While the
 * client is disconnected it keeps them for a while, with `stale: true`.
 *
 * @example
 * const names = useOthers(room, (others) => others.map(({ presence }) => presence?.name));
 */
export function useOthers<R>(room: Room<R>): readonly MemberIn<R>[];
export function useOthers<R, T>(room: Room<R>, selector: (others: readonly MemberIn<R>[]) => T): T;
export function useOthers<R, T>(
  room: Room<R>,
  selector?: (others: readonly MemberIn<R>[]) => T,
): T | readonly MemberIn<R>[] {
  const { owner } = roomHandle.of(room);
  return useSelection(owner.store, ({ rooms }): T | readonly MemberIn<R>[] => {
    const others = (rooms[room.id]?.others ?? noMembers) as unknown as readonly MemberIn<R>[];
    return selector ? selector(others) : others;
  });
}
