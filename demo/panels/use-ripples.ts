// Which ripples are on the board? Broadcasts: shown, and gone for good.
import { useMessage, type Room } from 'roomful';
import { useCallback, useState } from 'react';
import type { board } from '../rooms.js';

interface Ripple {
  readonly x: number;
  readonly y: number;
  readonly colour: string;
}

/** As long as the animation in board.css. */
const life = 900;

export function useRipples(
  room: Room<typeof board>,
): readonly [ripples: readonly (Ripple & { readonly id: number })[], ripple: (ripple: Ripple) => void] {
  const [{ ripples }, setState] = useState<{
    readonly ripples: readonly (Ripple & { readonly id: number })[];
    readonly next: number;
  }>({ ripples: [], next: 0 });
  const show = useCallback((ripple: Ripple) => {
    setState((before) => ({
      ripples: [...before.ripples, { ...ripple, id: before.next }],
      next: before.next + 1,
    }));
    // Each lives as long as the one before it: the oldest is the one that ends.
    setTimeout(() => {
      setState((before) => ({ ...before, ripples: before.ripples.slice(1) }));
    }, life);
  }, []);
  useMessage(room, 'ripple', ({ data }) => {
    show(data);
  });
  const ripple = useCallback(
    (made: Ripple) => {
      // The server tells the others only.
      show(made);
      room.broadcast('ripple', made);
    },
    [room, show],
  );
  return [ripples, ripple];
}
