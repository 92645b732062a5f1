// What time is it, for something that counts down?
import { useSyncExternalStore } from 'react';

const step = 250;

const subscribe = (tick: () => void): (() => void) => {
  const timer = setInterval(tick, step);
  return () => {
    clearInterval(timer);
  };
};
/** In steps: the same answer for as long as one render may take. */
const now = (): number => Math.floor(Date.now() / step) * step;

/** Renders four times a second for as long as its component is mounted. */
export const useNow = (): number => useSyncExternalStore(subscribe, now);
