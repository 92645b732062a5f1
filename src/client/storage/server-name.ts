// The server that a session on disk belongs to. Messages for one server are never delivered to another.
import type { Clock } from '../edge/clock.js';

/** Returns origin and path of an address, which are the same for WebSocket and HTTP. */
export function serverOf(address: string): string {
  const { protocol, host, pathname } = new URL(address);
  return `${protocol.replace('http', 'ws')}//${host}${pathname.replace(/\/$/, '')}`;
}

/**
 * How long a client waits for the name of its server, in ms. Then it takes a session without the name, so that messages
 * of the app are stored at once.
 */
const addressTimeoutMs = 1_000;

export interface ServerName {
  /** The name, once an attempt or the client's options gave an address. */
  readonly current: string | undefined;
  /** Resolves with the name, or with undefined after a while. */
  readonly known: Promise<string | undefined>;
  set(address: string): void;
  stopWaiting(): void;
}

export function createServerName(clock: Clock, nameOf: (address: string) => string): ServerName {
  let current: string | undefined;
  let resolveKnown: (name: string | undefined) => void = () => undefined;
  const known = new Promise<string | undefined>((resolve) => {
    resolveKnown = resolve;
  });
  const stopWaiting = clock.after(addressTimeoutMs, () => {
    resolveKnown(undefined);
  });
  return {
    get current() {
      return current;
    },
    known,
    set(address) {
      current = nameOf(address);
      stopWaiting();
      resolveKnown(current);
    },
    stopWaiting,
  };
}
