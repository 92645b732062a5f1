// A request of the HTTP fallback that reaches another node: what carries it on sees nothing of what it says.
import { afterEach, describe, expect, test } from 'vitest';
import { createRecordReader, encodeRecord, recordKinds } from '../../src/protocol/records.js';
import type { Broker, Parcel } from '../../src/server/broker/broker.js';
import { memoryBroker } from '../../src/server/broker/memory-broker.js';
import { seal, unseal } from '../../src/server/node/fallback/seal.js';
import { createRealtimeServer, serve, type RealtimeServer } from '../../src/server/node/index.js';

const secret = 'the-secret-of-this-stream-';
const id = 'id-of-a-connection';
const token = 'the token of Ada';
const session = 'the session key of Ada';
const hello = JSON.stringify([1, session, 'i', token, false, 'raw']);
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const servers: RealtimeServer[] = [];
const controllers: AbortController[] = [];
afterEach(async () => {
  for (const controller of controllers.splice(0)) controller.abort();
  for (const server of servers.splice(0)) await server.close();
});

/** Two nodes over one broker, and a stream that is open at the first. */
async function setup() {
  const handed: Parcel[] = [];
  const memory = memoryBroker();
  const broker: Broker = {
    ...memory,
    hand(node, parcel) {
      handed.push(parcel);
      return memory.hand(node, parcel);
    },
  };
  const ports: number[] = [];
  for (const node of ['first', 'second']) {
    const server = createRealtimeServer({
      rooms: [serve('lobby')],
      logger: quiet,
      broker,
      node,
      authenticate: (it) => (it.token === token ? { id: 'ada' } : null),
    });
    servers.push(server);
    ports.push((await server.listen({ host: '127.0.0.1' })).port);
  }
  const [first = 0, second = 0] = ports;
  const controller = new AbortController();
  controllers.push(controller);
  const stream = await fetch(`http://127.0.0.1:${first}/realtime/http/stream?id=${id}`, {
    method: 'POST',
    body: `${secret}\nroomful.v1.json\n`,
    signal: controller.signal,
  });
  const reader = stream.body?.getReader();
  const records = createRecordReader(1e9);
  return {
    broker,
    handed,
    /** Says something at the second node, under a secret; the status of the answer. */
    async say(as: string, count: number, said: string): Promise<number> {
      const { status } = await fetch(`http://127.0.0.1:${second}/realtime/http/send?id=${id}&node=first`, {
        method: 'POST',
        body: new Blob([`${as}\n${count}\n`, encodeRecord(recordKinds.text, said)]),
      });
      return status;
    },
    /** Resolves with the first message on the stream. */
    async heard(): Promise<string> {
      for (;;) {
        const { value, done } = (await reader?.read()) ?? { done: true };
        if (done || !value) throw new Error('the stream ended');
        for (const { kind, payload } of records(value as Uint8Array))
          if (kind === recordKinds.text) return new TextDecoder().decode(payload);
      }
    },
  };
}

describe('T32 a request that is handed on to another node', () => {
  test('arrives, and holds neither token nor session key nor secret where it passes', async () => {
    const world = await setup();
    expect(await world.say(secret, 1, hello)).toBe(204);
    expect(await world.heard()).toContain('[20,');
    expect(world.handed).toHaveLength(1);
    for (const { body } of world.handed)
      for (const known of [token, session, secret])
        expect(Buffer.from(body).toString('latin1')).not.toContain(known);
  });

  test('touches nothing where it was sealed with another secret, or changed on its way', async () => {
    const world = await setup();
    await world.say('another-secret-of-a-stream', 1, hello);
    const body = new Blob([`${secret}\n1\n`, encodeRecord(recordKinds.text, hello)]);
    const bytes = new Uint8Array(await body.arrayBuffer());
    for (const at of [0, 1, 13, 29, 40]) {
      const changed = seal(secret, id, bytes);
      changed[at] = (changed[at] ?? 0) ^ 2;
      await world.broker.hand('first', { id, body: changed });
    }
    await world.broker.hand('first', { id, body: seal(secret, 'id-of-another-one', bytes) });
    await world.broker.hand('first', { id, body: new Uint8Array([1]) });
    // The first that counts is the one that says hello with the right token.
    expect(await world.say(secret, 1, hello)).toBe(204);
    expect(await world.heard()).toContain('[20,');
  });

  test('is taken in the clear from a node of an older version', async () => {
    const world = await setup();
    const body = new Blob([`${secret}\n1\n`, encodeRecord(recordKinds.text, hello)]);
    await world.broker.hand('first', { id, body: new Uint8Array(await body.arrayBuffer()) });
    expect(await world.heard()).toContain('[20,');
  });

  test('is not handed on where it names no secret', async () => {
    const world = await setup();
    expect([await world.say('short', 1, hello), world.handed]).toEqual([404, []]);
  });
});

test('T32 what is sealed is opened by the same secret and id alone, and never looks the same twice', () => {
  const body = new TextEncoder().encode('a body');
  const [one, two] = [seal(secret, id, body), seal(secret, id, body)];
  expect(one.equals(two)).toBe(false);
  expect([unseal(secret, id, one)?.toString(), unseal(secret, id, two)?.toString()]).toEqual([
    'a body',
    'a body',
  ]);
  expect([
    unseal(`${secret}x`, id, one),
    unseal(secret, 'another', one),
    unseal(secret, id, one.subarray(0, 20)),
  ]).toEqual([null, null, null]);
});
