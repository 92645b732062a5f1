// Where nginx and HAProxy are, if they are.
import { existsSync } from 'node:fs';

const first = (name, ...paths) =>
  [process.env[name], ...paths].find((path) => path && existsSync(path)) ?? null;

export const findNginx = () =>
  first(
    'NGINX',
    '/usr/sbin/nginx',
    '/usr/local/sbin/nginx',
    '/usr/local/bin/nginx',
    '/opt/homebrew/bin/nginx',
  );
export const findHaproxy = () =>
  first(
    'HAPROXY',
    '/usr/sbin/haproxy',
    '/usr/local/sbin/haproxy',
    '/usr/local/bin/haproxy',
    '/opt/homebrew/bin/haproxy',
  );
