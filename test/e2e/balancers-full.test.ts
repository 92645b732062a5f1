// Connections over HTTP behind the balancers of deploy/, while no node takes new ones: who is there stays.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { json } from '../../src/protocol/codec.js';
import type { ClientFrame } from '../../src/protocol/frames.js';
import { clientTuple } from '../../src/protocol/parse.js';
import { encodeRecord, recordKinds } from '../../src/protocol/records.js';
import { missing, startBalancer, type Balancer } from '../support/network/balancers.js';
import { readyMades, type ReadyMade, type ReadyMades } from '../support/server/ready-made.js';
import { noRedis, startRedis, type TestRedis } from '../support/redis/redis.js';
import { eventually } from '../support/eventually.js';

const secret = 'secret-secret-secret';
const hello: ClientFrame = {
  type: 'hello',
  session: 'session-of-ada',
  instance: 'i',
  token: 'ada',
  takeover: false,
  client: 'raw',
};
const ping: ClientFrame = { type: 'ping', time: 1 };

/** One connection over HTTP, spoken by hand. */
class Raw {
  private count = 0;
  private readonly ending = new AbortController();
  node = '';
  status = 0;
  readonly id: string;
  private readonly port: number;
  constructor(port: number, id: string) {
    this.port = port;
    this.id = id;
  }

  async open(): Promise<this> {
    const { status, body } = await fetch(`http://127.0.0.1:${this.port}/realtime/http/stream?id=${this.id}`, {
      method: 'POST',
      body: `${secret}\nroomful.v1.json\n`,
      signal: this.ending.signal,
    });
    this.status = status;
    if (status !== 200 || !body) {
      await body?.cancel();
      return this;
    }
    const reader = body.getReader();
    const { value } = await reader.read();
    this.node =
      Buffer.from(value ?? [])
        .toString('latin1')
        .split('\n')[1]
        ?.slice(0, 1) ?? '';
    const drain = async (): Promise<void> => {
      while (!(await reader.read()).done);
    };
    drain().catch(() => undefined);
    return this;
  }

  async say(frame: ClientFrame): Promise<number> {
    const record = encodeRecord(recordKinds.text, json().encode(clientTuple(frame)));
    const { status, body } = await fetch(
      `http://127.0.0.1:${this.port}/realtime/http/send?id=${this.id}&node=${this.node}`,
      { method: 'POST', body: Buffer.concat([Buffer.from(`${secret}\n${++this.count}\n`), record]) },
    );
    await body?.cancel();
    return status;
  }

  abort(): void {
    this.ending.abort();
  }
}

for (const kind of ['nginx', 'HAProxy'] as const) {
  describe.skipIf(missing[kind] || noRedis)(`behind ${kind}`, () => {
    let servers: ReadyMades;
    let redis: TestRedis;
    let balancer: Balancer | undefined;
    let nodes: readonly ReadyMade[] = [];
    let streams: Raw[] = [];
    beforeAll(async () => {
      [servers, redis] = await Promise.all([readyMades(), startRedis()]);
    });
    afterEach(async () => {
      for (const it of streams) it.abort();
      streams = [];
      await balancer?.close();
      for (const node of nodes) node.process.kill('SIGKILL');
      nodes = [];
    });
    afterAll(async () => {
      await servers.close();
      await redis.stop('SIGKILL');
    });

    async function start(...more: string[]): Promise<number> {
      nodes = await Promise.all(
        ['a', 'b'].map((name) =>
          servers.start([
            '--rooms',
            servers.rooms,
            '--node',
            name,
            '--trust-proxy',
            '1',
            '--redis',
            `redis://127.0.0.1:${redis.port}`,
            ...more,
          ]),
        ),
      );
      const [one, two] = nodes;
      balancer = await startBalancer(kind, [one?.port ?? 0, two?.port ?? 0]);
      return balancer.port;
    }
    async function open(port: number, id: string): Promise<Raw> {
      const it = await new Raw(port, id).open();
      streams.push(it);
      return it;
    }
    /** HAProxy looks at nodes by itself, and may not have seen both yet. */
    const opened = (port: number, id: string): Promise<Raw> =>
      eventually(async () => {
        const it = await open(port, id);
        expect(it.status).toBe(200);
        return it;
      });
    const readiness = async (): Promise<readonly number[]> =>
      Promise.all(
        nodes.map(async ({ port }) => (await fetch(`http://127.0.0.1:${port}/health/ready`)).status),
      );

    test('while no node has room for more', async () => {
      const port = await start('--max-connections', '1');
      const one = await opened(port, `stream-${kind}-0`);
      for (let at = 1; (await readiness()).includes(200) && at < 200; at++)
        await open(port, `stream-${kind}-${at}`);
      expect(await readiness()).toEqual([503, 503]);
      expect(await one.say(hello)).toBe(204);
      // Somebody else asks again and again, and is refused each time.
      for (let at = 0; at < 10; at++) {
        expect((await open(port, `one-too-many-${at}`)).status).toBeGreaterThanOrEqual(502);
        expect(await one.say(ping)).toBe(204);
      }
    });

    test('while Redis is away', async () => {
      const port = await start();
      const one = await opened(port, 'stream-of-one');
      expect(await one.say(hello)).toBe(204);
      process.kill(redis.pid, 'SIGKILL');
      await eventually(async () => {
        expect(await readiness()).toEqual([503, 503]);
      });
      const said: number[] = [];
      // Long enough for a balancer to look at both.
      for (let at = 0; at < 6; at++) {
        said.push(await one.say(ping));
        await new Promise((resolve) => {
          setTimeout(resolve, 500);
        });
      }
      redis = await startRedis({ port: redis.port });
      expect(said).toEqual(said.map(() => 204));
    });

    test('while a stranger says much to nodes that there are not', async () => {
      const port = await start();
      const one = await opened(port, 'stream-of-one');
      expect(await one.say(hello)).toBe(204);
      for (let round = 0; round < 8; round++) {
        await Promise.all(
          Array.from({ length: 500 }, async (_, at) =>
            (
              await fetch(`http://127.0.0.1:${port}/realtime/http/send?id=nobody-${at}&node=nowhere`, {
                method: 'POST',
                body: 'x',
              }).catch(() => null)
            )?.body?.cancel(),
          ),
        );
        expect(await one.say(ping)).toBe(204);
      }
    });
  });
}
