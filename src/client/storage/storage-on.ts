// Joins a disk to a client.
import type { Disk } from './disk.js';
import { createKeeper } from './keeper.js';
import type { OutboxStorage } from './port.js';
import { takeSession } from './session.js';

/** Storage on a disk that may take its time to open, or fail to. */
export function storageOn(open: () => Promise<Disk>): OutboxStorage {
  return {
    attach: (host, wanted) =>
      createKeeper(host, async () =>
        takeSession(await open(), wanted, host.clock.now(), () => host.randomId(26)),
      ),
  };
}
