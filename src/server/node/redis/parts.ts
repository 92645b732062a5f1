// The parts of the Redis broker. Each is made of parts that are there already, and none calls another while it is made.
import { maxOutcomes, sessionLifeMs } from '../../broker/producer-name.js';
import type { ServerPorts } from '../../ports/ports.js';
import { randomText } from '../system/random.js';
import { connectionOver, databaseOf, type RedisClient } from './client/client.js';
import { createEventRelay, type EventRelay } from './client/event-relay.js';
import type { RedisConnection } from './client/port.js';
import { createScriptRunner, type RunInRoom, type ScriptRunner } from './client/script-runner.js';
import { AppendBatches } from './log/appends.js';
import { RoomFeeds, type RoomFeed } from './log/feeds.js';
import { LogReader } from './log/reads.js';
import { createRedisAdmissions, type RedisAdmissions } from './members/admissions.js';
import { RedisPresence } from './members/presence.js';
import { createRedisSessions, type RedisSessions } from './members/sessions.js';
import { createNodeLoads, type NodeLoads } from './nodes/loads.js';
import { NodeCommands } from './nodes/node-commands.js';
import { createNodeMessages, type NodeMessages } from './nodes/node-messages.js';
import { createStandingSubscriptions, type StandingSubscriptions } from './nodes/standing.js';
import { createRedisKeys, type RedisKeys } from './store/keys.js';

export interface RedisPartsOptions {
  readonly client: RedisClient;
  readonly prefix: string;
  /** The clock by which entries are dated, in ms. */
  readonly now: () => number;
  readonly failed: (error: unknown) => void;
  /** Something on a channel of the broker is no message of it. */
  readonly reportForeignMessage: (channel: string) => void;
  /** Something in the log of a room is no entry. */
  readonly reportForeignEntry: (key: string) => void;
  readonly ports: Pick<ServerPorts, 'monotonicNow' | 'setTimer'>;
}

/** How the broker speaks to Redis. */
interface ClientParts {
  readonly keys: RedisKeys;
  readonly relay: EventRelay;
  readonly redis: RedisConnection;
  readonly runner: ScriptRunner;
  readonly appends: AppendBatches;
  /** Runs a script after the appends that wait for its room, so that the order of calls for a room is kept. */
  readonly runInRoom: RunInRoom;
  /** The arguments that every script of a room begins with: an epoch for a new room, the clock's offset, a lifetime. */
  readonly roomArguments: () => readonly (string | number)[];
  readonly clockOffsetMs: () => number;
  readonly failed: (error: unknown) => void;
}

/** The parts of the Redis broker. */
export interface RedisParts extends ClientParts {
  readonly sessions: RedisSessions;
  readonly admissions: RedisAdmissions;
  readonly presence: RedisPresence;
  readonly reads: LogReader;
  readonly feeds: RoomFeeds;
  readonly subscriptions: StandingSubscriptions;
  readonly nodeCommands: NodeCommands;
  readonly nodeMessages: NodeMessages;
  readonly nodeLoads: NodeLoads;
}

function createClientParts({ client, prefix, now, failed, ports }: RedisPartsOptions): ClientParts {
  const keys = createRedisKeys(prefix, databaseOf(client));
  const relay = createEventRelay();
  const redis = connectionOver(client, relay.events, ports.setTimer);
  const runner = createScriptRunner(redis, ports);
  const clockOffsetMs = (): number => now() - Date.now();
  const roomArguments = (): readonly (string | number)[] => [randomText(8), clockOffsetMs(), sessionLifeMs];
  const appends = new AppendBatches({
    runner,
    keys,
    roomArguments,
    roomLifeMs: sessionLifeMs,
    maxOutcomes,
  });
  const runInRoom: RunInRoom = async (room, script, scriptKeys, args) => {
    appends.flushRoom(room);
    return runner.script(script, scriptKeys, args);
  };
  return { keys, relay, redis, runner, appends, runInRoom, roomArguments, clockOffsetMs, failed };
}

export function createRedisParts(options: RedisPartsOptions): RedisParts {
  const clientParts = createClientParts(options);
  const { keys, redis, runner, failed } = clientParts;
  const { ports, reportForeignMessage, reportForeignEntry } = options;
  const { setTimer, monotonicNow } = ports;
  const node = randomText(9);
  const lifeMs = sessionLifeMs;

  const sessions = createRedisSessions({ ...clientParts, lifeMs });
  const { recordSession } = sessions;
  const admissions = createRedisAdmissions({ ...clientParts, lifeMs, recordSession });
  const presence = new RedisPresence({ ...clientParts, ports, node, roomLifeMs: lifeMs });
  const feedsByRoom = new Map<string, RoomFeed>();
  const reads = new LogReader({
    ...clientParts,
    ...ports,
    heardUpTo: (room) => feedsByRoom.get(room)?.position ?? null,
    reportForeign(room) {
      reportForeignEntry(keys.log(room));
    },
  });
  const feeds = new RoomFeeds({
    feedsByRoom,
    listenToRoom: (room) => runner.askRedis(() => redis.subscribe(keys.channel(room)), room.length),
    stopListening(room) {
      redis.unsubscribe(keys.channel(room)).catch(failed);
    },
    topOf: (room) => reads.top(room),
    readLog: (room, range) => reads.read(room, range),
    membersOf: (room) => presence.members(room),
    failed,
  });
  const subscriptions = createStandingSubscriptions({ setTimer, redis, failed });
  const nodePorts = { ...clientParts, reportForeign: reportForeignMessage };
  return {
    ...clientParts,
    sessions,
    admissions,
    presence,
    reads,
    feeds,
    subscriptions,
    nodeCommands: new NodeCommands({
      ...nodePorts,
      monotonicNow,
      recordEnded: admissions.recordEnded,
    }),
    nodeMessages: createNodeMessages({ ...nodePorts, subscriptions }),
    nodeLoads: createNodeLoads({ setTimer, runner, keys, node, failed }),
  };
}
