// What the figures were measured on.
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';

export const machine = () => ({
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: availableParallelism(),
  memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
  system: `${type()} ${release()}`,
  node: process.version,
});

/** How busy the machine is, averaged over a minute. */
export const busyness = () => Number(loadavg()[0].toFixed(2));
