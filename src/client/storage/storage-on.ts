// Makes a storage from a disk.
import type { Disk } from './disk.js';
import { createKeeper } from './keeper.js';
import type { OutboxStorage } from './port.js';
import { serverOf } from './server-name.js';
import { takeSession } from './session-lock.js';

/**
 * Makes a storage on a disk. The disk may be slow to open, or fail.
 *
 * @param name the app's name for its server; without it, the server is named by origin and path of its address
 */
export function storageOn(open: () => Promise<Disk>, name?: string): OutboxStorage {
  return {
    attach: (host, wanted) =>
      createKeeper(
        host,
        async (server) => {
          const disk = await open();
          const session = { ...wanted, server: await server };
          return takeSession(disk, session, host.clock.now(), () => host.randomId(26));
        },
        (address) => name ?? serverOf(address),
      ),
  };
}
