// Joins a disk to a client.
import type { Disk } from './disk.js';
import { createKeeper } from './keeper.js';
import type { OutboxStorage } from './port.js';
import { serverOf } from './server-name.js';
import { takeSession } from './session-lock.js';

/**
 * Storage on a disk that may take its time to open, or fail to.
 *
 * @param name what the app calls its server; by default origin and path of the address are its name.
 */
export function storageOn(open: () => Promise<Disk>, name?: string): OutboxStorage {
  return {
    attach: (host, wanted) =>
      createKeeper(
        host,
        async (server) => {
          const disk = await open();
          const mine = { ...wanted, server: await server };
          return takeSession(disk, mine, host.clock.now(), () => host.randomId(26));
        },
        (address) => name ?? serverOf(address),
      ),
  };
}
