// The broker of many nodes: rooms in Redis, one script a step, one channel a room.
import type { Append, Appended, Broker, Refusal } from '../../broker/broker.js';
import type { MemberTuple } from '../../../protocol/frames.js';
import type { ServerPorts } from '../../ports/ports.js';
import { mostOutcomes } from '../../broker/producer-name.js';
import { repeat } from '../../util/repeat.js';
import { nodePorts } from '../system/ports.js';
import { createAdmissions } from './members/admissions.js';
import { createAppends } from './log/appends.js';
import { createCalls } from './client/script-runner.js';
import { databaseOf, redisOver, type RedisClient } from './client/client.js';
import { createFeeds } from './log/feeds.js';
import { createLoads } from './nodes/loads.js';
import { createParcels } from './nodes/node-messages.js';
import { keysUnder } from './store/keys.js';
import { outcomeOf } from './log/append-reply.js';
import type { RedisEvents } from './client/port.js';
import { createPresence } from './members/presence.js';
import { randomText } from '../system/random.js';
import { createReads } from './log/reads.js';
import * as scripts from './store/scripts.js';
import * as sessionScripts from './store/session-scripts.js';
import { createSessions } from './members/sessions.js';
import { createStanding } from './nodes/standing.js';
import { createTells } from './nodes/node-commands.js';
import { readSaid, write, writeBroadcast } from './store/wire.js';

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

/** How long what is known of a room, and of a producer's numbers, outlives its last use, in ms: 24 h. */
const life = 86_400_000;
/** How often each room is looked at for what was not heard, in ms. */
const lookEvery = 10_000;
/** How long a client may take to be connected before a server listens, in ms. */
const reachTimeoutMs = 10_000;
/** Rooms looked at at once. */
const atOnce = 200;

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
  ports: Pick<ServerPorts, 'steady' | 'after'>,
): Broker {
  if (/[{}]/.test(prefix))
    throw new TypeError('prefix may not hold braces: what is in them decides where a cluster keeps a key');
  const keys = keysUnder(prefix, databaseOf(client));
  const node = randomText(9);
  const failed = (error: unknown): void => {
    onWarning({ what: 'failed', error });
  };

  const events: RedisEvents = {
    message(channel, text) {
      if (channel === keys.nodeChannel) return tells.heard(text);
      if (parcels.heard(channel, text)) return;
      const said = readSaid(text);
      if (said) {
        if (said.type === 'presence') presence.heardLeft(keys.roomOf(channel), said.left);
        feeds.heard(keys.roomOf(channel), said);
      } else foreign(channel);
    },
    ready() {
      calls.load(allScripts);
      tells.look().catch(failed);
    },
    lost() {
      calls.lost();
    },
    back() {
      feeds.checkAll();
      tells.look().catch(failed);
    },
  };
  const redis = redisOver(client, events, ports.after);
  const calls = createCalls(() => redis, ports);
  if (redis.ready()) calls.load(allScripts);
  const foreign = (channel: string): void => {
    onWarning({ what: 'foreign', channel });
  };
  const tells = createTells({
    steady: ports.steady,
    calls,
    keys,
    ended: (user, agoMs) => admissions.end(user, agoMs),
    failed,
    foreign,
  });
  const standing = createStanding({ after: ports.after, redis: () => redis, failed });
  const parcels = createParcels({ calls, redis: () => redis, standing, keys, failed, foreign });
  const begin = (): readonly (string | number)[] => [randomText(8), now() - Date.now(), life];
  const roomKeys = (room: string): string[] => [keys.meta(room), keys.log(room)];
  const appends = createAppends({ calls, keys, begin, life, settledLimit: mostOutcomes });

  /** Calls for one room take effect in the order in which they were made: what waits to be appended leaves first. */
  async function call(
    room: string,
    script: string,
    of: readonly string[],
    args: readonly (string | number)[],
  ): Promise<unknown> {
    appends.flush(room);
    return calls.script(script, of, args);
  }

  const asking = { ...ports, call, keys, begin };
  const reads = createReads({
    ...asking,
    heard: (room) => feeds.heardUpTo(room),
    foreign: (room) => {
      onWarning({ what: 'foreign', key: keys.log(room) });
    },
  });
  const sessions = createSessions({ call, keys, ahead: () => now() - Date.now(), lifeMs: life, failed });
  const admissions = createAdmissions({ calls, call, keys, lifeMs: life, began: sessions.began });
  const presence = createPresence({ ports, call, calls, keys, node, life });
  const feeds = createFeeds({
    listen: (room) => calls.within(() => redis.subscribe(keys.channel(room)), room.length),
    stop(room) {
      redis.unsubscribe(keys.channel(room)).catch(failed);
    },
    top: reads.top,
    read: reads.read,
    members: presence.members,
    failed,
  });

  const loads = createLoads({ after: ports.after, calls, keys, node, failed });
  const listening = standing.keep(keys.nodeChannel);
  listening.then(tells.look).catch(failed);
  const lease = presence.lease({ rooms: () => Array.from(feeds.rooms(), ([room]) => room), failed });

  /** What was published and not heard: a channel promises nothing. */
  async function look(): Promise<void> {
    if (redis.quiet) feeds.checkAll();
    else feeds.countStale();
    await tells.look().catch(failed);
    const rooms = [...feeds.rooms()];
    // Some at a time: others have something to ask as well.
    for (let from = 0; from < rooms.length; from += atOnce) {
      await Promise.all(
        rooms.slice(from, from + atOnce).map(async ([room, position]) => {
          // One that cannot be asked, as where a cluster's node is down, keeps no other from being looked at.
          const stand = (await calls
            .script(scripts.stand, [keys.meta(room), keys.members(room)], [life])
            .catch(failed)) as (string | null)[] | undefined;
          if (!stand) return;
          const [epoch, offset, tag] = stand;
          if (
            position &&
            (epoch !== position.epoch ||
              Number(offset ?? 0) !== position.offset ||
              (tag ?? '') !== position.tag)
          )
            feeds.check(room);
        }),
      );
    }
  }
  const stopLooking = repeat(ports.after, lookEvery, () => {
    look().catch(failed);
  });

  /** A client that was never told to connect is told. */
  async function reached(): Promise<void> {
    let cancel = (): void => undefined;
    const late = new Promise<never>((_resolve, reject) => {
      cancel = ports.after(reachTimeoutMs, () => {
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
    healthy: calls.healthy,
    append(it: Append): Promise<Appended> {
      const appended = appends.add(it);
      const { producer, room } = it;
      if (producer !== null && it.follows === 0)
        appended.then(
          ({ status }) => {
            if (status === 'ok') sessions.began(room, producer);
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
          write([null, refusal.code, refusal.reason, refusal.details]),
          mostOutcomes,
          life,
        ],
      );
      if (place === 'first') sessions.began(room, producer);
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
      return reply[0] === 'above' ? null : outcomeOf(reply, null);
    },
    admissions,
    read: reads.read,
    subscribe: feeds.subscribe,
    publish(room, event) {
      if (event.type !== 'broadcast') throw new TypeError('only broadcasts are published by themselves');
      appends.flush(room);
      const text = writeBroadcast(event);
      calls.within(() => redis.publish(keys.channel(room), text), text.length).catch(failed);
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
