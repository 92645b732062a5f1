// The clock, timers and random numbers of Node.
import { createHash } from 'node:crypto';
import { getHeapStatistics } from 'node:v8';
import type { ServerPorts } from '../../ports/ports.js';
import { randomText } from './random.js';

export const nodePorts: ServerPorts = {
  now: Date.now,
  monotonicNow: () => performance.now(),
  setTimer(delay, call) {
    const timer = setTimeout(call, delay);
    timer.unref();
    return () => {
      clearTimeout(timer);
    };
  },
  atEndOfTurn: (call) => {
    setImmediate(call);
  },
  heapBytes: getHeapStatistics().heap_size_limit,
  random: Math.random,
  randomId: (characters) => randomText(Math.ceil((characters * 3) / 4)).slice(0, characters),
  digest: (text) => createHash('sha256').update(text).digest().toString('base64url', 0, 12),
};
