// The world as Node gives it.
import { createHash, randomBytes } from 'node:crypto';
import type { ServerPorts } from '../ports.js';

export const nodePorts: ServerPorts = {
  now: Date.now,
  steady: () => performance.now(),
  after(delay, call) {
    const timer = setTimeout(call, delay);
    timer.unref();
    return () => {
      clearTimeout(timer);
    };
  },
  soon: (call) => {
    setImmediate(call);
  },
  random: Math.random,
  randomId: (characters) => randomBytes(Math.ceil((characters * 3) / 4)).toString('base64url').slice(0, characters),
  digest: (text) => createHash('sha256').update(text).digest('base64url'),
};
