// The scenarios' world in memory.
import { createTestRealtime } from '../../../src/testing/world.js';
import { quick, type MakeHarness } from './harness.js';

export const memoryHarness: MakeHarness = async (rooms, codec) => {
  const world = createTestRealtime({ rooms });
  return {
    user(id, options) {
      const { client, network } = world.user({ id }, { codecs: [codec()], ...quick, ...options });
      return { client, cut: network.cut, restore: network.restore, drop: network.drop };
    },
    restart: (keepLog) => world.restartServer({ keepLog }),
    members: async (room) => (await world.server.room(room).members()).map(({ user }) => user?.id ?? ''),
    close: world.close,
  };
};
