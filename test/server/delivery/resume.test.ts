// Resumes on two nodes over one memory broker.
import { memoryBroker } from '../../../src/server/broker/memory-broker.js';
import { resumeContract } from '../../contracts/resume.js';

resumeContract('memory', async () => {
  const broker = memoryBroker();
  return {
    brokers: [broker, broker],
    // Every answer of it is there at once.
    turn: async () => undefined,
    close: async () => undefined,
  };
});
