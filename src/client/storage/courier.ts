// Delivers the messages of a session that another page left behind, with a client of its own.
import { hasUnsettled } from '../machine/model/room-state.js';
import type { HeldSession } from './disk.js';
import type { Courier, Keeper, StorageHost, Take } from './port.js';

/**
 * Starts a client for a session. The client closes itself when none of its messages waits any more, and when it cannot
 * deliver the others now. Then `delivered` is called, once everything is written.
 */
export function startCourier(
  session: HeldSession,
  host: StorageHost,
  keep: (host: StorageHost, take: Take) => Keeper,
  delivered: () => void,
): Courier {
  let hasAttached = false;
  const takeSession = (): Promise<HeldSession> => {
    // A client attaches again where the server names another user, and this session belongs to the first one.
    const isAnotherUser = hasAttached;
    hasAttached = true;
    return isAnotherUser
      ? Promise.reject(new Error('the session belongs to another user'))
      : Promise.resolve({ ...session, unlock: delivered });
  };
  const courier = host.spawn({
    attach(courierHost) {
      const keeper = keep(courierHost, takeSession);
      let isOpen = false;
      const closeIfDone = (): void => {
        const { rooms, connection } = courierHost.state();
        const canDeliver = connection.status !== 'closed' && connection.status !== 'needs-auth';
        if (!isOpen || (canDeliver && Array.from(rooms.values()).some(hasUnsettled))) return;
        isOpen = false;
        courier.close();
      };
      return {
        ...keeper,
        async ready(address) {
          await keeper.ready(address);
          isOpen = true;
          closeIfDone();
        },
        sync() {
          keeper.sync();
          closeIfDone();
        },
      };
    },
  });
  courier.connect();
  return courier;
}
