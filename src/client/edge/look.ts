// Tests whether WebSocket opens while a client is connected over HTTP. It is loaded together with the code of HTTP.
import { httpConnect } from './http.js';
import type { Connect } from './link.js';

/** The shortest time from one test to the next, in ms. */
const probePauseMs = 600_000;

/**
 * Connects by `http`. After its first message it opens one WebSocket beside it, and calls `better` if that opens.
 * WebSocket may have failed before only because the server was down, or because the network was another one.
 */
export function lookingFor(socket: Connect, now: () => number, http: Connect = httpConnect): Connect {
  let nextProbeAt = 0;
  return (url, protocols, events) => {
    let probe: { close(code: number, reason: string): void } | undefined;
    const endProbe = (): void => {
      probe?.close(1000, '');
      probe = undefined;
    };
    const startProbe = (): void => {
      if (now() < nextProbeAt) return;
      nextProbeAt = now() + probePauseMs;
      try {
        probe = socket(url, protocols, {
          opened() {
            endProbe();
            events.better?.();
          },
          message: () => undefined,
          closed: () => undefined,
        });
      } catch {
        // The platform has no WebSocket.
      }
    };
    let isFirst = true;
    const link = http(url, protocols, {
      ...events,
      message(data) {
        events.message(data);
        if (isFirst) startProbe();
        isFirst = false;
      },
      closed(code, reason) {
        endProbe();
        events.closed(code, reason);
      },
    });
    return {
      ...link,
      close(code, reason) {
        endProbe();
        link.close(code, reason);
      },
    };
  };
}
