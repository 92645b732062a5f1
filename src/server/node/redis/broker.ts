// The broker of many nodes: rooms in Redis, one script a step, one channel a room.
import type { Append, Appended, Broker, Refusal } from '../../broker/broker.js';
import type { MemberTuple } from '../../../protocol/frames.js';
import type { ServerPorts } from '../../ports/ports.js';
import { maxOutcomes, sessionLifeMs } from '../../broker/producer-name.js';
import { repeat } from '../../util/repeat.js';
import { nodePorts } from '../system/ports.js';
import { createRedisAdmissions } from './members/admissions.js';
import { createAppendBatches } from './log/appends.js';
import { createScriptRunner } from './client/script-runner.js';
import { databaseOf, connectionOver, type RedisClient } from './client/client.js';
import { createRoomFeeds } from './log/feeds.js';
import { createNodeLoads } from './nodes/loads.js';
import { createNodeMessages } from './nodes/node-messages.js';
import { createRedisKeys } from './store/keys.js';
import { decodeAppendReply } from './log/append-reply.js';
import type { RedisEvents } from './client/port.js';
import { createRedisPresence } from './members/presence.js';
import { randomText } from '../system/random.js';
import { createLogReader } from './log/reads.js';
import * as scripts from './store/scripts.js';
import * as sessionScripts from './store/session-scripts.js';
import { createRedisSessions } from './members/sessions.js';
import { createStandingSubscriptions } from './nodes/standing.js';
import { createNodeCommands } from './nodes/node-commands.js';
import { readChannelMessage, encodeTuple, writeBroadcast } from './store/wire.js';

export interface RedisBrokerOptions {
  /** A client of node-redis (`redis`) or ioredis, of one server or of a cluster, and not a pool. One that is not connected is connected before the server listens. It stays yours: the broker makes a second connection from it, which listens, and closes only that. */
  readonly client: RedisClient;
  /** What every key and channel begins with. Default `roomful`. Two apps on one Redis need a prefix each, or a database each: the names of channels of a database other than 0 say which it is. */
  readonly prefix?: string;
  /** The clock, in ms, for tests: entries are dated by Redis, plus what this differs from `Date.now`. */
  readonly now?: () => number;
  /** What was heard on our channels or found in a room's log (`key`) and is none of ours, or failed beside a call. Default: nothing is said. */
  readonly onWarning?: (warning: {
    readonly what: 'foreign' | 'failed';
    readonly channel?: string;
    readonly key?: string;
    readonly error?: unknown;
  }) => void;
}

const allScripts: readonly string[] = [...Object.values(scripts), ...Object.values(sessionScripts)];

/** How often each room is looked at for what was not heard, in ms. */
const lookEveryMs = 10_000;
/** How long a client may take to be connected before a server listens, in ms. */
const reachTimeoutMs = 10_000;
/** Rooms looked at at once. */
const roomsPerLook = 200;

/**
 * Keeps rooms in Redis, 6.2 or later, for any number of nodes. Of each session in a room it keeps at most 512 outcomes of messages, and of their results and details 128 KiB, for a day after its
 * last use; and of one user at most 128 sessions that have left a room. Redis must keep what it is given (`maxmemory-policy noeviction`): `ready()` rejects where it says that it does not. While
 * Redis is away, nothing is acknowledged and nothing lost.
 *
 * @throws TypeError where `client` is of neither library, or `prefix` has braces.
 */
export function redisBroker(options: RedisBrokerOptions): Broker {
  return createRedisBroker(options, nodePorts);
}

/** The same on a clock and timers of the caller's. */
export function createRedisBroker(
  { client, prefix = 'roomful', now = Date.now, onWarning = () => undefined }: RedisBrokerOptions,
  ports: Pick<ServerPorts, 'monotonicNow' | 'setTimer'>,
): Broker {
  if (/[{}]/.test(prefix))
    throw new TypeError('prefix may not hold braces: what is in them decides where a cluster keeps a key');
  const keys = createRedisKeys(prefix, databaseOf(client));
  const node = randomText(9);
  const failed = (error: unknown): void => {
    onWarning({ what: 'failed', error });
  };

  const events: RedisEvents = {
    onMessage(channel, text) {
      if (channel === keys.nodeChannel) return tells.hearCommand(text);
      if (parcels.hearMessage(channel, text)) return;
      const said = readChannelMessage(text);
      if (said) {
        if (said.type === 'presence') presence.heardLeft(keys.roomOf(channel), said.left);
        feeds.hearMessage(keys.roomOf(channel), said);
      } else foreign(channel);
    },
    onReady() {
      calls.loadScripts(allScripts);
      tells.catchUp().catch(failed);
    },
    onLost() {
      calls.connectionLost();
    },
    onListening() {
      feeds.checkAll();
      tells.catchUp().catch(failed);
    },
  };
  const redis = connectionOver(client, events, ports.setTimer);
  const calls = createScriptRunner(() => redis, ports);
  if (redis.isReady()) calls.loadScripts(allScripts);
  const foreign = (channel: string): void => {
    onWarning({ what: 'foreign', channel });
  };
  const tells = createNodeCommands({
    steady: ports.monotonicNow,
    runner: calls,
    keys,
    recordEnded: (user, agoMs) => admissions.recordEnded(user, agoMs),
    failed,
    reportForeign: foreign,
  });
  const standing = createStandingSubscriptions({ after: ports.setTimer, redis: () => redis, failed });
  const parcels = createNodeMessages({
    runner: calls,
    redis: () => redis,
    subscriptions: standing,
    keys,
    failed,
    reportForeign: foreign,
  });
  const begin = (): readonly (string | number)[] => [randomText(8), now() - Date.now(), sessionLifeMs];
  const roomKeys = (room: string): string[] => [keys.meta(room), keys.log(room)];
  const appends = createAppendBatches({
    runner: calls,
    keys,
    roomArguments: begin,
    roomLifeMs: sessionLifeMs,
    maxOutcomes,
  });

  /** Calls for one room take effect in the order in which they were made: what waits to be appended leaves first. */
  async function call(
    room: string,
    script: string,
    of: readonly string[],
    args: readonly (string | number)[],
  ): Promise<unknown> {
    appends.flushRoom(room);
    return calls.script(script, of, args);
  }

  const asking = { ...ports, runInRoom: call, keys, roomArguments: begin };
  const reads = createLogReader({
    ...asking,
    heardUpTo: (room) => feeds.heardUpTo(room),
    reportForeign: (room) => {
      onWarning({ what: 'foreign', key: keys.log(room) });
    },
  });
  const sessions = createRedisSessions({
    runInRoom: call,
    keys,
    clockOffsetMs: () => now() - Date.now(),
    lifeMs: sessionLifeMs,
    failed,
  });
  const admissions = createRedisAdmissions({
    runner: calls,
    runInRoom: call,
    keys,
    lifeMs: sessionLifeMs,
    recordSession: sessions.recordSession,
  });
  const presence = createRedisPresence({
    ports,
    runInRoom: call,
    runner: calls,
    keys,
    node,
    roomLifeMs: sessionLifeMs,
  });
  const feeds = createRoomFeeds({
    listenToRoom: (room) => calls.askRedis(() => redis.subscribe(keys.channel(room)), room.length),
    stopListening(room) {
      redis.unsubscribe(keys.channel(room)).catch(failed);
    },
    topOf: reads.top,
    readLog: reads.read,
    membersOf: presence.members,
    failed,
  });

  const loads = createNodeLoads({ after: ports.setTimer, calls, keys, node, failed });
  const listening = standing.keep(keys.nodeChannel);
  listening.then(tells.catchUp).catch(failed);
  const lease = presence.startLease({ rooms: () => Array.from(feeds.rooms(), ([room]) => room), failed });

  /** What was published and not heard: a channel promises nothing. */
  async function look(): Promise<void> {
    if (redis.mayMissMessages) feeds.checkAll();
    else feeds.countStale();
    await tells.catchUp().catch(failed);
    const rooms = [...feeds.rooms()];
    // Some at a time: others have something to ask as well.
    for (let from = 0; from < rooms.length; from += roomsPerLook) {
      await Promise.all(
        rooms.slice(from, from + roomsPerLook).map(async ([room, position]) => {
          // One that cannot be asked, as where a cluster's node is down, keeps no other from being looked at.
          const stand = (await calls
            .script(scripts.stand, [keys.meta(room), keys.members(room)], [sessionLifeMs])
            .catch(failed)) as (string | null)[] | undefined;
          if (!stand) return;
          const [epoch, offset, tag] = stand;
          if (
            position &&
            (epoch !== position.epoch ||
              Number(offset ?? 0) !== position.offset ||
              (tag ?? '') !== position.tag)
          )
            feeds.checkRoom(room);
        }),
      );
    }
  }
  const stopLooking = repeat(ports.setTimer, lookEveryMs, () => {
    look().catch(failed);
  });

  /** A client that was never told to connect is told. */
  async function reached(): Promise<void> {
    let cancel = (): void => undefined;
    const late = new Promise<never>((_resolve, reject) => {
      cancel = ports.setTimer(reachTimeoutMs, () => {
        reject(new Error(`Redis could not be reached within ${reachTimeoutMs} ms`));
      });
    });
    try {
      await Promise.race([redis.connect(), late]);
    } catch (error) {
      throw new Error(
        `redisBroker: ${error instanceof Error ? error.message : 'Redis could not be reached'}`,
        {
          cause: error,
        },
      );
    } finally {
      cancel();
    }
  }

  /** What Redis does where its memory is full; null where it does not say, since a service may forbid the question. */
  async function policyOf(): Promise<string | null> {
    let answer: unknown;
    try {
      answer = await calls.command('CONFIG', 'GET', 'maxmemory-policy');
    } catch (error) {
      const { cause } = error as { readonly cause?: unknown };
      // An answer of Redis itself: that it may not be asked. Otherwise nobody knows.
      if (cause instanceof Error && /^(?:NOPERM|ERR unknown|ERR .*not allowed)/i.test(cause.message))
        return null;
      throw error;
    }
    const policy = Array.isArray(answer)
      ? (answer as unknown[])[1]
      : (answer as Readonly<Record<string, unknown>> | null)?.['maxmemory-policy'];
    return typeof policy === 'string' ? policy : null;
  }

  return {
    async ready() {
      await reached();
      await listening;
      const policy = await policyOf();
      if (policy !== null && policy !== 'noeviction')
        throw new Error(
          `Redis evicts what it is given (maxmemory-policy ${policy}): it has to be noeviction, or messages are lost`,
        );
    },
    healthy: calls.isHealthy,
    append(it: Append): Promise<Appended> {
      const appended = appends.addAppend(it);
      const { producer, room } = it;
      if (producer !== null && it.follows === 0)
        appended.then(
          ({ status }) => {
            if (status === 'ok') sessions.recordSession(room, producer);
          },
          () => undefined,
        );
      return appended;
    },
    async refuse(room, producer, seq, id, refusal: Refusal) {
      const place = await call(
        room,
        scripts.refuse,
        [...roomKeys(room), keys.producer(room, producer)],
        [
          ...begin(),
          seq,
          id,
          encodeTuple([null, refusal.code, refusal.reason, refusal.details]),
          maxOutcomes,
          sessionLifeMs,
        ],
      );
      if (place === 'first') sessions.recordSession(room, producer);
    },
    watermark: sessions.watermark,
    rest: sessions.rest,
    async recall(room, producer, seq, id) {
      const reply = (await call(
        room,
        scripts.recall,
        [...roomKeys(room), keys.producer(room, producer)],
        [...begin(), seq, id],
      )) as string[];
      return reply[0] === 'above' ? null : decodeAppendReply(reply, null);
    },
    admissions,
    read: reads.read,
    subscribe: feeds.subscribe,
    publish(room, event) {
      if (event.type !== 'broadcast') throw new TypeError('only broadcasts are published by themselves');
      appends.flushRoom(room);
      const text = writeBroadcast(event);
      calls.askRedis(() => redis.publish(keys.channel(room), text), text.length).catch(failed);
    },
    enter: presence.enter,
    update: presence.update,
    exit: presence.exit,
    members: (room): Promise<readonly MemberTuple[]> => presence.members(room),
    tell: tells.tell,
    listen: tells.listen,
    hand: parcels.hand,
    receive: parcels.receive,
    announce: loads.announce,
    nodes: loads.nodes,
    async close() {
      stopLooking();
      standing.close();
      reads.close();
      appends.flushAll();
      await lease.end();
      redis.close();
    },
  };
}
