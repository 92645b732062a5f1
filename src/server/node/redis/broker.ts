// The broker of many nodes: rooms in Redis, one script for each step, one channel for each room.
import type { Append, Appended, Broker } from '../../broker/broker.js';
import { maxOutcomes, sessionLifeMs } from '../../broker/producer-name.js';
import type { ServerPorts } from '../../ports/ports.js';
import { repeat } from '../../util/repeat.js';
import { nodePorts } from '../system/ports.js';
import type { RedisClient } from './client/client.js';
import type { RedisEvents } from './client/port.js';
import { decodeAppendReply } from './log/append-reply.js';
import { lookForMissed } from './look.js';
import { createRedisParts, type RedisParts } from './parts.js';
import { checkEviction, reachRedis } from './readiness.js';
import * as logScripts from './store/log-scripts.js';
import * as memberScripts from './store/member-scripts.js';
import * as nodeScripts from './store/node-scripts.js';
import * as sessionScripts from './store/session-scripts.js';
import { encodeTuple, readChannelMessage, writeBroadcast } from './store/wire.js';

export interface RedisBrokerOptions {
  /**
   * A client of node-redis (`redis`) or ioredis, for one server or a cluster; a pool of clients is refused. The broker
   * connects a client that is not connected before the server listens. The client stays yours: the broker makes a
   * second connection from it, which listens, and closes only that one.
   */
  readonly client: RedisClient;
  /**
   * The beginning of every key and channel. Two apps on one Redis need a prefix each, or a database each: the name of
   * a channel holds the number of a database other than 0.
   *
   * @default 'roomful'
   */
  readonly prefix?: string;
  /**
   * The clock, in ms, for tests. Redis dates entries; the difference between this clock and `Date.now` is added.
   *
   * @default Date.now
   */
  readonly now?: () => number;
  /**
   * Called with what deserves a look. `foreign`: something on a channel of the broker, or in the log of a room (`key`),
   * was not written by it. `failed`: a question to Redis failed that no caller waits for. By default nothing is called.
   */
  readonly onWarning?: (warning: {
    readonly what: 'foreign' | 'failed';
    readonly channel?: string;
    readonly key?: string;
    readonly error?: unknown;
  }) => void;
}

const allScripts: readonly string[] = [logScripts, memberScripts, nodeScripts, sessionScripts].flatMap(
  (scripts) => Object.values<string>(scripts),
);

/** How often the broker looks for events that it did not hear, in ms. */
const lookEveryMs = 10_000;

/**
 * Keeps rooms in Redis 6.2 or later, for any number of nodes.
 *
 * For each session in a room, Redis remembers at most 512 outcomes of messages, with at most 128 KiB of results and
 * details, for a day after its last use; and for each user at most 128 sessions that left the room. While Redis cannot
 * be asked, nothing is acknowledged, and nothing is lost.
 *
 * Redis must not evict keys (`maxmemory-policy noeviction`): `ready()` rejects if Redis says that it does.
 *
 * @example
 * ```ts
 * const client = createClient({ url: 'redis://localhost:6379' });
 * const server = createRealtimeServer({ rooms, broker: redisBroker({ client }) });
 * ```
 * @throws TypeError if `client` is of neither library, or `prefix` has braces.
 */
export function redisBroker(options: RedisBrokerOptions): Broker {
  return createRedisBroker(options, nodePorts);
}

/** Handles the events of the connection to Redis. */
function eventHandlers(
  { keys, runner, feeds, presence, nodeCommands, nodeMessages, failed }: RedisParts,
  reportForeign: (channel: string) => void,
): RedisEvents {
  return {
    onMessage(channel, text) {
      if (channel === keys.nodeChannel) return nodeCommands.hearCommand(text);
      if (nodeMessages.hearMessage(channel, text)) return;
      const message = readChannelMessage(text);
      if (!message) return reportForeign(channel);
      const room = keys.roomOf(channel);
      if (message.type === 'presence') presence.heardLeft(room, message.left);
      feeds.hearMessage(room, message);
    },
    onReady() {
      runner.loadScripts(allScripts);
      nodeCommands.catchUp().catch(failed);
    },
    onLost() {
      runner.connectionLost();
    },
    onListening() {
      feeds.checkAll();
      nodeCommands.catchUp().catch(failed);
    },
  };
}

type MessageMethods = Pick<Broker, 'append' | 'refuse' | 'recall' | 'publish'>;

function messageMethods(parts: RedisParts): MessageMethods {
  const { keys, redis, runner, appends, sessions, runInRoom, roomArguments, failed } = parts;
  const producerKeys = (room: string, producer: string): string[] => [
    keys.meta(room),
    keys.log(room),
    keys.producer(room, producer),
  ];
  return {
    append(message: Append): Promise<Appended> {
      const appended = appends.addAppend(message);
      const { producer, room } = message;
      if (producer !== null && message.follows === 0)
        appended.then(
          ({ status }) => {
            if (status === 'ok') sessions.recordSession(room, producer);
          },
          () => undefined,
        );
      return appended;
    },
    async refuse(room, producer, seq, id, { code, reason, details }) {
      const refusal = encodeTuple([null, code, reason, details]);
      const args = [...roomArguments(), seq, id, refusal, maxOutcomes, sessionLifeMs];
      const place = await runInRoom(room, logScripts.refuse, producerKeys(room, producer), args);
      if (place === 'first') sessions.recordSession(room, producer);
    },
    async recall(room, producer, seq, id) {
      const args = [...roomArguments(), seq, id];
      const reply = await runInRoom(room, logScripts.recall, producerKeys(room, producer), args);
      const [status] = reply as string[];
      return status === 'above' ? null : decodeAppendReply(reply as string[], null);
    },
    publish(room, event) {
      if (event.type !== 'broadcast') throw new TypeError('only broadcasts are published by themselves');
      appends.flushRoom(room);
      const text = writeBroadcast(event);
      runner.askRedis(() => redis.publish(keys.channel(room), text), text.length).catch(failed);
    },
  };
}

/** Connects the parts, and begins what repeats. Returns the subscription to the channel of the nodes, and the end. */
function startParts(
  parts: RedisParts,
  setTimer: ServerPorts['setTimer'],
  reportForeign: (channel: string) => void,
): { readonly listening: Promise<void>; readonly stop: () => Promise<void> } {
  const { keys, relay, redis, runner, appends, reads, feeds, presence, subscriptions, failed } = parts;
  relay.open(eventHandlers(parts, reportForeign));
  if (redis.isReady()) runner.loadScripts(allScripts);
  const listening = subscriptions.keep(keys.nodeChannel);
  listening.then(() => parts.nodeCommands.catchUp()).catch(failed);
  const rooms = (): string[] => Array.from(feeds.rooms(), ([room]) => room);
  const lease = presence.startLease({ rooms, failed });
  const stopLooking = repeat(setTimer, lookEveryMs, () => {
    lookForMissed(parts).catch(failed);
  });
  const stop = async (): Promise<void> => {
    stopLooking();
    subscriptions.close();
    reads.close();
    appends.flushAll();
    await lease.end();
    redis.close();
  };
  return { listening, stop };
}

/** Makes a Redis broker on a clock and timers of the caller's. */
export function createRedisBroker(
  { client, prefix = 'roomful', now = Date.now, onWarning = () => undefined }: RedisBrokerOptions,
  ports: Pick<ServerPorts, 'monotonicNow' | 'setTimer'>,
): Broker {
  if (/[{}]/.test(prefix))
    throw new TypeError(
      'prefix must not hold braces: the text in braces decides where a cluster keeps a key',
    );
  const reportForeign = (channel: string): void => {
    onWarning({ what: 'foreign', channel });
  };
  const parts = createRedisParts({
    client,
    prefix,
    now,
    ports,
    failed(error) {
      onWarning({ what: 'failed', error });
    },
    reportForeignMessage: reportForeign,
    reportForeignEntry(key) {
      onWarning({ what: 'foreign', key });
    },
  });
  const { redis, runner, sessions, reads, feeds, presence } = parts;
  const { nodeCommands, nodeMessages, nodeLoads } = parts;
  const { listening, stop } = startParts(parts, ports.setTimer, reportForeign);
  return {
    ...messageMethods(parts),
    async ready() {
      await reachRedis(redis, ports.setTimer);
      await listening;
      await checkEviction(runner);
    },
    healthy: runner.isHealthy,
    watermark: sessions.watermark,
    rest: sessions.rest,
    admissions: parts.admissions,
    read: (room, range) => reads.read(room, range),
    subscribe: (room, listener) => feeds.subscribe(room, listener),
    enter: (room, member) => presence.enter(room, member),
    update: (room, id, patch) => presence.update(room, id, patch),
    exit: (room, id) => presence.exit(room, id),
    members: (room) => presence.members(room),
    tell(event) {
      nodeCommands.tell(event);
    },
    listen: (listener) => nodeCommands.listen(listener),
    hand: nodeMessages.hand,
    receive: nodeMessages.receive,
    announce: nodeLoads.announce,
    nodes: nodeLoads.nodes,
    close: stop,
  };
}
