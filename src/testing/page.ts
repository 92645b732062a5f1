// The page that a client lives in: when it ends, nothing in it happens any more, and nobody is told.
import type { Clock } from '../client/edge/clock.js';
import type { Connect, Link } from '../client/edge/link.js';
import type { Keeper, OutboxStorage } from '../client/storage/port.js';
import type { Network } from './network.js';

const nowhere: Link = { transport: 'websocket', send: () => undefined, close: () => undefined };

export interface Page {
  readonly clock: Clock;
  readonly connect: Connect;
  readonly storage: OutboxStorage | undefined;
  end(): void;
}

export function createPage(clock: Clock, network: Network, storage: OutboxStorage | undefined): Page {
  const keepers = new Set<Keeper>();
  let open = true;
  const inPage =
    <A extends readonly unknown[]>(call: (...args: A) => void) =>
    (...args: A): void => {
      if (open) call(...args);
    };

  return {
    clock: { now: clock.now, after: (delay, call) => clock.after(delay, inPage(call)) },
    connect: (url, protocols, { opened, message, closed }) =>
      open
        ? network.connect(url, protocols, {
            opened: inPage(opened),
            message: inPage(message),
            closed: inPage(closed),
          })
        : nowhere,
    storage: storage && {
      attach(host, wanted) {
        const keeper = storage.attach(host, wanted);
        keepers.add(keeper);
        return keeper;
      },
    },
    end() {
      open = false;
      for (const keeper of keepers) keeper.release();
      network.drop();
    },
  };
}
