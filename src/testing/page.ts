// The page of a client. When it ends, nothing in it runs any more, and the client hears nothing of it.
import type { Clock } from '../client/edge/clock.js';
import type { Connect, Link } from '../client/edge/link.js';
import type { Keeper, OutboxStorage } from '../client/storage/port.js';
import type { Network } from './network.js';

const deadLink: Link = { transport: 'websocket', send: () => undefined, close: () => undefined };

export interface Page {
  readonly clock: Clock;
  readonly connect: Connect;
  readonly storage: OutboxStorage | undefined;
  end(): void;
}

export function createPage(clock: Clock, network: Network, storage: OutboxStorage | undefined): Page {
  const keepers = new Set<Keeper>();
  let isOpen = true;
  const inPage =
    <A extends readonly unknown[]>(call: (...args: A) => void) =>
    (...args: A): void => {
      if (isOpen) call(...args);
    };

  return {
    clock: { now: clock.now, after: (delayMs, call) => clock.after(delayMs, inPage(call)) },
    connect: (url, protocols, { opened, message, closed }) =>
      isOpen
        ? network.connect(url, protocols, {
            opened: inPage(opened),
            message: inPage(message),
            closed: inPage(closed),
          })
        : deadLink,
    storage: storage && {
      attach(host, wanted) {
        const keeper = storage.attach(host, wanted);
        keepers.add(keeper);
        return keeper;
      },
    },
    end() {
      isOpen = false;
      for (const keeper of keepers) keeper.release();
      network.drop();
    },
  };
}
