// While a client speaks HTTP: a look whether WebSocket opens by now. Loaded along with the code of HTTP.
import { httpConnect } from './http.js';
import type { Connect } from './link.js';

/** The least time from one look to the next, in ms. */
const lookPauseMs = 600_000;

/**
 * Connects by `http`. Once that has brought something, one WebSocket is opened beside it: it may have been the server
 * that was away, or a network that was another. Where it opens, `better` is called.
 */
export function lookingFor(socket: Connect, now: () => number, http: Connect = httpConnect): Connect {
  let lookAt = 0;
  return (url, protocols, events) => {
    let probe: { close(code: number, reason: string): void } | undefined;
    const endLook = (): void => {
      probe?.close(1000, '');
      probe = undefined;
    };
    const look = (): void => {
      if (now() < lookAt) return;
      lookAt = now() + lookPauseMs;
      try {
        probe = socket(url, protocols, {
          opened() {
            endLook();
            events.better?.();
          },
          message: () => undefined,
          closed: () => undefined,
        });
      } catch {
        // There is no WebSocket to look with.
      }
    };
    let isFirst = true;
    const link = http(url, protocols, {
      ...events,
      message(data) {
        events.message(data);
        if (isFirst) look();
        isFirst = false;
      },
      closed(code, reason) {
        endLook();
        events.closed(code, reason);
      },
    });
    return {
      ...link,
      close(code, reason) {
        endLook();
        link.close(code, reason);
      },
    };
  };
}
