// Loads the code of a connection with the first attempt. Nothing needs it before.
import { RealtimeError } from '../protocol/error.js';
import type { Attempts, AttemptsHost, MakeAttempts } from './attempts.js';
import { firstSlices } from './machine/slices.js';

/**
 * Makes attempts whose code `load` fetches at the first attempt. If that fails, the attempt has failed, and the next
 * one after the backoff fetches the code again. The first failure is reported.
 */
export function attemptsLater(load: () => Promise<MakeAttempts>, host: AttemptsHost): Attempts {
  let loaded: Attempts | undefined;
  let hasFailed = false;
  return {
    get codecs() {
      return loaded?.codecs ?? [];
    },
    get slices() {
      return loaded?.slices ?? firstSlices;
    },
    async open(effect) {
      const { attempt } = effect;
      try {
        const make = loaded ? null : await load();
        loaded ??= make?.(host);
      } catch (error) {
        const reason = 'the code of the connection could not be loaded';
        if (!hasFailed) host.report(new RealtimeError('unavailable', reason, error));
        hasFailed = true;
        return host.dispatch({ type: 'lost', attempt, code: 1006, reason });
      }
      // While the code was loading, the app may have closed the client or made it reconnect.
      if (host.isCurrent(attempt)) await loaded?.open(effect);
    },
    write: (effect) => loaded?.write(effect),
    close: (effect) => loaded?.close(effect),
    token: async (effect) => loaded?.token(effect),
  };
}
