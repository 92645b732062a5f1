// A page in a simulated world: a real client on a disk, a network and a clock that can fail it, and a note of everything it sees.
import { attemptsBy } from '../../src/client/attempts.js';
import { createClientWith, type Client } from '../../src/client/client.js';
import { forward } from '../../src/client/edge/clock.js';
import { onMicrotask } from '../../src/client/edge/frame.js';
import type { Connect } from '../../src/client/edge/link.js';
import type { Signal } from '../../src/client/edge/signals.js';
import type { Room } from '../../src/client/rooms/room.js';
import type { Disk, MessageRecord } from '../../src/client/storage/disk.js';
import { storageOn } from '../../src/client/storage/storage-on.js';
import { defineRoom, type } from '../../src/contract/index.js';
import { json } from '../../src/protocol/codec.js';
import { msgpack } from '../../src/protocol/msgpack.js';
import type { TestClock } from '../../src/testing/clock.js';
import type { Network } from '../../src/testing/network.js';
import type { Page, Said, Seen, Sent } from './history.js';

export const line = defineRoom('line/:id', {
  messages: { say: type<Said & { readonly refuse: boolean }>() },
});

/** What a page is given. */
export interface Surroundings {
  readonly clock: TestClock;
  readonly random: () => number;
  readonly randomId: (characters: number) => string;
  readonly network: Network;
  /** Null: the outbox is held in memory. */
  readonly disk: Disk | null;
  readonly token: () => Promise<string>;
  readonly messagePack: boolean;
  /** How long a frame of the screen takes, in ms; 0: a microtask. */
  readonly frame: number;
  /** How late a socket that was closed may still say something, in ms; 0: never. */
  readonly late: number;
  readonly note: (what: string) => void;
  /** Whether the app still does what it likes. */
  readonly wild: () => boolean;
}

export interface SimulatedPage {
  readonly record: Page;
  readonly client: Client;
  readonly signal: (signal: Signal) => void;
  say(room: string, said: Said, refuse: boolean): Sent;
  /** Changes what its clock says by so many ms. */
  jump(ms: number): void;
  /** Ends the page without a word. Resolves with what it left on disk. */
  kill(): Promise<void>;
  /** Closes the client, as an app does that goes on without it. */
  close(): Promise<void>;
  readonly listeners: number;
}

/** A disk as one page has it: slow, and out of reach once the page is gone. */
function diskOf(
  disk: Disk,
  clock: TestClock,
  random: () => number,
): Disk & { end(): void; leave(): void; keys: () => readonly string[] } {
  const leavers = new Set<() => void>();
  let before: Promise<unknown> = Promise.resolve();
  const unlocks = new Map<string, () => void>();
  let open = true;
  const never = new Promise<never>(() => undefined);
  const slowly = async <T>(call: () => Promise<T>): Promise<T> => {
    await new Promise<void>((resolve) => {
      clock.after(random() * 20, resolve);
    });
    return open ? call() : never;
  };
  return {
    async lock(key) {
      const unlock = await disk.lock(key);
      if (!unlock) return null;
      unlocks.set(key, unlock);
      return () => {
        unlocks.delete(key);
        unlock();
      };
    },
    sessions: () => slowly(disk.sessions),
    messages: (key) => slowly(() => disk.messages(key)),
    write(key, change) {
      const step = before.then(() => slowly(() => disk.write(key, change)));
      before = step.catch(() => undefined);
      return step;
    },
    remove: (key) => slowly(() => disk.remove(key)),
    lost: disk.lost,
    leaving(call) {
      leavers.add(call);
      return () => {
        leavers.delete(call);
      };
    },
    leave() {
      for (const call of leavers) call();
    },
    keys: () => [...unlocks.keys()],
    end() {
      open = false;
      for (const unlock of unlocks.values()) unlock();
    },
  };
}

export function openPage(
  name: string,
  by: string,
  rooms: readonly string[],
  { clock, random, randomId, network, disk, token, messagePack, frame, late, note, wild }: Surroundings,
): SimulatedPage {
  let open = true;
  let skew = 0;
  // A client that delivers for another page listens too.
  const listeners = new Set<(signal: Signal) => void>();
  const mine = disk && diskOf(disk, clock, random);
  const inPage =
    <A extends readonly unknown[]>(call: (...args: A) => void) =>
    (...args: A): void => {
      if (open) call(...args);
    };
  const connect: Connect = (url, protocols, { opened, message, closed }) => {
    if (!open) return { transport: 'websocket', send: () => undefined, close: () => undefined };
    const link = network.connect(url, protocols, {
      opened: inPage(opened),
      message: inPage(message),
      closed: inPage(closed),
    });
    return {
      transport: 'websocket',
      send: link.send,
      close(code, reason) {
        link.close(code, reason);
        // As browsers do: the close of a socket that was given up may be told much later.
        if (late > 0)
          clock.after(
            random() * late,
            inPage(() => {
              closed(1006, 'late');
            }),
          );
      },
    };
  };
  const logger = {
    warn: () => undefined,
    error: (message: string, error: unknown) => {
      note(`${name}: ${message}: ${String(error)}`);
    },
  };
  const client = createClientWith(
    {
      url: 'ws://memory',
      token,
      codecs: messagePack ? [msgpack(), json()] : [json()],
      logger,
      backoff: { initial: 50, max: 1_000 },
      heartbeat: { interval: 2_000, timeout: 2_500 },
      connectTimeout: 4_000,
      ...(mine && { outbox: { storage: storageOn(() => Promise.resolve(mine)) } }),
    },
    {
      clock: {
        now: forward(() => clock.now() + skew, clock.now),
        after: (delay, call) => clock.after(delay, inPage(call)),
      },
      attempts: attemptsBy(connect),
      signals(listener) {
        listeners.add(listener);
        return () => {
          listeners.delete(listener);
        };
      },
      random,
      randomId,
      schedule:
        frame > 0
          ? (call) => {
              clock.after(frame, inPage(call));
            }
          : onMicrotask,
    },
  );
  const seen = new Map<string, Seen[]>(rooms.map((id) => [`line/${id}`, []]));
  const left: Said[] = [];
  const record: Page = {
    name,
    by,
    rooms: seen,
    since: clock.now(),
    alive: true,
    left,
    reconnects: 0,
    unsettled: 0,
    status: { connection: '', rooms: new Map() },
  };
  const handles = new Map<string, Room<typeof line>>();
  for (const id of rooms) {
    const room = client.room(line, { id });
    handles.set(room.id, room);
    room.on('say', ({ id: message, offset, data }) => {
      seen
        .get(room.id)
        ?.push({ type: 'message', id: message, offset: offset ?? 0, said: data, at: clock.now() });
      // An app may do anything in a handler.
      if (wild() && record.alive && random() < 0.01) client.reconnect();
    });
  }
  client.on('reset', ({ room, why, missing }) =>
    seen.get(room)?.push({ type: 'reset', why, missing, at: clock.now() }),
  );
  client.on('acked-lost', ({ room, count }) =>
    seen.get(room)?.push({ type: 'acked-lost', count, at: clock.now() }),
  );
  client.connect();

  /** What lies on disk under the sessions that this page has, but for what failed. */
  const leave = async (): Promise<void> => {
    record.alive = false;
    for (const key of mine?.keys() ?? []) {
      for (const it of (await disk?.messages(key)) ?? []) {
        const { data, failure } = it as MessageRecord;
        if (!failure) left.push(data as Said);
      }
    }
  };

  return {
    record,
    client,
    signal(signal) {
      for (const listener of listeners) listener(signal);
      if (signal === 'pagehide') mine?.leave();
    },
    say(room, said, refuse) {
      const sent: Sent = { ...said, room, page: name, refuse, outcome: null };
      handles
        .get(room)
        ?.send('say', { ...said, refuse })
        .then(
          ({ epoch, offset, id }) => {
            sent.outcome = { epoch, offset, id };
          },
          (error: unknown) => {
            sent.outcome = { code: (error as { code?: string }).code ?? String(error) };
          },
        );
      return sent;
    },
    jump(ms) {
      skew += ms;
    },
    async kill() {
      open = false;
      await leave();
      mine?.end();
      network.drop();
    },
    async close() {
      await leave();
      client.close();
    },
    get listeners() {
      return listeners.size;
    },
  };
}
