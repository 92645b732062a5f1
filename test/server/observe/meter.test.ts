// What is measured of durable messages.
import { expect, test } from 'vitest';
import { defineRoom, type } from '../../../src/contract/index.js';
import { memoryBroker } from '../../../src/server/broker/memory-broker.js';
import { noMeter } from '../../../src/server/ports/meter.js';
import { serve } from '../../../src/server/rooms/serve.js';
import { rawWorld } from '../../support/server/raw.js';

const shop = defineRoom('shop', { messages: { order: type<number>() } });
const send = (seq: number, id = `id${seq}`) =>
  ({
    type: 'send',
    room: 'shop',
    seq,
    id,
    message: 'order',
    version: 1,
    data: seq,
    follows: null,
  }) as const;

test('the time of a message is that of its handler and the broker; of a repeated one only the broker is measured, and of a refused one nothing', async () => {
  const measured: (readonly [string, number])[] = [];
  const inner = memoryBroker();
  let repeated = false;
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      world.clock.after(ms, resolve);
    });
  const world = rawWorld(
    {
      broker: {
        ...inner,
        async append(it) {
          await pause(200);
          return repeated
            ? { status: 'duplicate', epoch: 'e', offset: 2, timestamp: 5, result: null }
            : inner.append(it);
        },
      },
      rooms: [
        serve(shop, {
          on: {
            async order({ data }, { reject }) {
              await pause(3_000);
              if (data === 2) reject('no');
            },
          },
        }),
      ],
    },
    {
      meter: {
        ...noMeter,
        messageAcknowledged: (ms) => measured.push(['acknowledged', ms]),
        appendAnswered: (ms) => measured.push(['appended', ms]),
      },
    },
  );
  const ada = world.peer();
  await ada.hello();
  await ada.say({ type: 'join', room: 'shop', position: null, history: 0, presence: null });
  await world.clock.advance(1_000);
  await ada.say(send(1), send(2));
  await world.clock.advance(10_000);
  expect(ada.of('ack')).toHaveLength(1);
  expect(ada.of('nack')).toHaveLength(1);
  expect(measured).toEqual([
    ['appended', 200],
    ['acknowledged', 3_200],
  ]);
  repeated = true;
  await ada.say(send(3));
  await world.clock.advance(10_000);
  expect(ada.of('ack').at(-1)?.receipts).toEqual([[3, 2, 5, true, null, null]]);
  expect(measured.slice(2)).toEqual([['appended', 200]]);
});
