// A context for tests of the machine.
import { configOf } from '../../../src/client/options.js';
import type { Context } from '../../../src/client/machine/model/context.js';
import type { ClientOptions } from '../../../src/client/options.js';

export function contextFor(
  now: number,
  random: () => number = () => 0.5,
  options: Partial<ClientOptions> = {},
): Context {
  let sessions = 0;
  return {
    now,
    random,
    newSession: () => ({ key: `k${++sessions}`, instance: `i${sessions}` }),
    config: configOf({ url: 'ws://test', token: 't', ...options }),
    parse: (_room, _type, _version, data) => ({ data }),
  };
}
