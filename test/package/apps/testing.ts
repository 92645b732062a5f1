// A test's world.
import { createTestRealtime, serve } from 'roomful/testing';
import { chat } from './room.js';

export async function talk(): Promise<number | null> {
  const world = createTestRealtime({ rooms: [serve(chat)], clock: 'virtual', seed: 7 });
  const { client, network } = world.user({ id: 'ada' });
  network.latency(80, { jitter: 20 });
  const sent = client.room(chat, { id: '1' }).send('post', { text: 'hello' });
  await world.advance(5_000);
  const { offset } = await sent;
  await world.close();
  return offset;
}
