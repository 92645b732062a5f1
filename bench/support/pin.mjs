// One core for the server and another for the load, where the system can do that: they would otherwise push each other around.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** The cores this process may use. */
function allowedCores() {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '';
  return list.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, at) => first + at);
  });
}

/** Functions that put a command on a core of its own, or leave it as it is; `cores` is null where they leave it. */
export function pins() {
  const [server, load] = allowedCores();
  const can = load !== undefined && spawnSync('taskset', ['--version']).status === 0;
  const on = (core) => (command) => (can ? ['taskset', '-c', String(core), ...command] : command);
  return { server: on(server), load: on(load), cores: can ? [server, load] : null };
}
