// A world of one room in which outboxes are put to the test: users with and without storage, what is in the log and by whom, what became of a send.
import { memoryStorage } from '../../../src/client/storage/memory.js';
import type { OutboxStorage } from '../../../src/client/storage/port.js';
import { defineRoom, type } from '../../../src/contract/index.js';
import { serve, type ServedRoom, type ServeOptions } from '../../../src/server/rooms/serve.js';
import {
  createTestRealtime,
  type TestRealtime,
  type TestRealtimeOptions,
  type TestUser,
  type TestUserOptions,
} from '../../../src/testing/index.js';

export const line = defineRoom('line', { messages: { say: type<unknown>() } });
export const desk = defineRoom('desk', {
  messages: { say: type<unknown>() },
  presence: type<{ note: string }>(),
});

const silent = () => undefined;
export const quiet = { warn: silent, error: silent };

/** The world of the test that runs. */
export let world: TestRealtime = createTestRealtime({ rooms: [] });

const start = (rooms: readonly ServedRoom[], server: TestRealtimeOptions['server'] = {}): TestRealtime =>
  (world = createTestRealtime({
    rooms,
    clock: 'virtual',
    server: { logger: { info: silent, warn: silent, error: silent }, ...server },
  }));
export const make = (
  options: ServeOptions<typeof line> = {},
  server: TestRealtimeOptions['server'] = {},
): TestRealtime => start([serve(line, { history: { limit: 100_000 }, ...options })], server);
export const makeDesk = (options: ServeOptions<typeof desk> = {}): TestRealtime =>
  start([serve(desk, options), serve(line)]);

/** A user whose outbox is in storage, and one whose is not. */
export const user = (
  id: string,
  storage: OutboxStorage = memoryStorage(),
  connect = true,
  more: TestUserOptions = {},
): TestUser => world.user({ id }, { logger: quiet, connect, ...more, outbox: { storage, ...more.outbox } });
export const plain = (id: string, more: TestUserOptions = {}): TestUser =>
  world.user({ id }, { logger: quiet, ...more });

export const status = ({ client }: TestUser): string => client.store.getState().connection.status;
export const pending = ({ client }: TestUser): readonly unknown[] =>
  client.store.getState().outbox.pending.map(({ data }) => data);
export const failed = ({ client }: TestUser) => client.store.getState().outbox.failed;

const entries = async () => {
  const page = await world.server.settings.broker.read('line', { before: null, limit: 100_000 });
  return 'entries' in page ? page.entries : [];
};
export const log = async (): Promise<unknown[]> => (await entries()).map((entry) => entry[8]);
export const logBy = async (): Promise<unknown[]> =>
  (await entries()).map((entry) => [entry[8], entry[5]?.[1]?.id]);

/** The members that said it. */
export const senders = async (): Promise<unknown[]> => (await entries()).map((entry) => entry[5]?.[0]);

/** Sends what the test does not wait for. */
export function say({ client }: TestUser, ...all: readonly unknown[]): void {
  const room = client.room(line);
  for (const one of all) void room.send('say', one);
}

/** What became of a send, as far as time went: a receipt, a code, or nothing yet. */
export function outcome(sent: Promise<unknown>): { value: unknown } {
  const box: { value: unknown } = { value: 'never settled' };
  sent.then(
    (receipt) => {
      box.value = receipt;
    },
    (error: unknown) => {
      box.value = (error as { readonly code: string }).code;
    },
  );
  return box;
}
