// Seconds until a moment, counted down while somebody looks.
import { useSyncExternalStore } from 'react';
import { systemClock } from '../client/edge/clock.js';

const secondsUntil = (moment: number): number => Math.max(0, Math.ceil((moment - systemClock.now()) / 1_000));

/** Whole seconds from now until `moment`, in ms since 1970; null where there is none. Renders once a second. */
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
