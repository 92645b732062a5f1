// Where a Redis server is: what REDIS_SERVER names, or the first on the path.
import { existsSync } from 'node:fs';

/** Its path, or null. */
export function findRedis() {
  const names = (process.env.PATH ?? '')
    .split(':')
    .flatMap((folder) => [`${folder}/redis-server`, `${folder}/valkey-server`]);
  return [process.env.REDIS_SERVER, ...names].find((path) => path !== undefined && existsSync(path)) ?? null;
}
