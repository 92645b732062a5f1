// Counts down the seconds until a moment, while a component shows them.
import { useSyncExternalStore } from 'react';
import { systemClock } from '../client/edge/clock.js';

const secondsUntil = (moment: number): number => Math.max(0, Math.ceil((moment - systemClock.now()) / 1_000));

/** Returns the whole seconds until `moment`, a time in ms since 1970, and null for null. It renders once a second. */
export function useCountdown(moment: number | null): number | null {
  const subscribe = (changed: () => void): (() => void) => {
    if (moment === null) return () => undefined;
    let cancel: () => void = () => undefined;
    const arm = (): void => {
      const left = moment - systemClock.now();
      if (left > 0)
        cancel = systemClock.after(left % 1_000 || 1_000, () => {
          changed();
          arm();
        });
    };
    arm();
    return () => {
      cancel();
    };
  };
  const get = (): number | null => (moment === null ? null : secondsUntil(moment));
  return useSyncExternalStore(subscribe, get, () => null);
}
