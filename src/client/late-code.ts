// The code of a connection, which comes with the first attempt: nothing of it is needed before.
import { RealtimeError } from '../protocol/error.js';
import type { Attempts, AttemptsHost, MakeAttempts } from './attempts.js';
import { firstSlices } from './machine/slices.js';

/**
 * Attempts whose code is fetched by `load` at the first of them, and again where it could not be had: that is a failed
 * attempt, which a backoff follows. The first failure in a row is reported.
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
        const reason = 'the code of the connection could not be fetched';
        if (!hasFailed) host.report(new RealtimeError('unavailable', reason, error));
        hasFailed = true;
        return host.dispatch({ type: 'lost', attempt, code: 1006, reason });
      }
      // Closed, or tried anew, while the code was on its way.
      if (host.isCurrent(attempt)) await loaded?.open(effect);
    },
    write: (effect) => loaded?.write(effect),
    close: (effect) => loaded?.close(effect),
    token: async (effect) => loaded?.token(effect),
  };
}
