// nats-server, a broker in Go that joins what it writes: where it is installed, on one core as the others are.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { freePort } from '../support/free-port.mjs';
import { cache } from '../support/places.mjs';

/** Its version, or null where there is none. */
export function natsVersion() {
  const { status, stdout } = spawnSync('nats-server', ['--version'], { encoding: 'utf8' });
  return status === 0 ? (/v?(\d+\.\d+\.\d+)/.exec(stdout)?.[1] ?? 'unknown') : null;
}

/** The process, and a promise of its port, once it listens. */
export async function spawnNats(pin) {
  const folder = mkdtempSync(`${cache()}/nats-`);
  const [port, clients] = [await freePort(), await freePort()];
  writeFileSync(
    `${folder}/nats.conf`,
    `port: ${clients}\nhost: 127.0.0.1\nmax_connections: 19000\nwebsocket {\n host: "127.0.0.1"\n port: ${port}\n no_tls: true\n}\n`,
  );
  const [command, ...rest] = pin(['nats-server', '-c', `${folder}/nats.conf`]);
  const child = spawn(command, rest, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, GOMAXPROCS: '1' },
  });
  child.once('exit', () => {
    rmSync(folder, { recursive: true, force: true });
  });
  const listens = new Promise((resolve) => {
    let said = '';
    child.stderr.on('data', (text) => {
      if (said.includes('Server is ready')) return;
      said += text;
      if (said.includes('Server is ready')) resolve(port);
    });
  });
  return { child, listens };
}
