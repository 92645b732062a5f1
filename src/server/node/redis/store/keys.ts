// Names in Redis. A room's id holds no braces, so that its keys share one hash tag, and a cluster keeps them in one place.
import { createHash } from 'node:crypto';

export interface RedisKeys {
  meta(room: string): string;
  log(room: string): string;
  /** What is known of a producer's numbers. Its name holds a session key, which Redis does not get. */
  producer(room: string, name: string): string;
  /** What all of these begin with; the rest is the digest of a name. */
  producers(room: string): string;
  digestOf(name: string): string;
  /** Sessions of a user whose numbers are known. */
  sessions(room: string, user: string | null): string;
  /** From where on a producer was told of a room. */
  admission(room: string, name: string): string;
  /** What all of these begin with; the rest is the digest of a name. */
  admissions(room: string): string;
  /** When the sessions of a user were ended. */
  ended(user: string): string;
  members(room: string): string;
  channel(room: string): string;
  /** The room of a channel. */
  roomOf(channel: string): string;
  readonly nodes: string;
  readonly loads: string;
  readonly nodeChannel: string;
  /** What is handed to one node. */
  handChannel(node: string): string;
  /** What was said there lately. */
  readonly nodeCommands: string;
}

const digest = (name: string): string => createHash('sha256').update(name).digest('base64url').slice(0, 22);

/** @param database whose keys these are. A channel is one for all databases of a Redis: its name says which is meant, but for database 0, whose channels have been called so from the start. */
export function createRedisKeys(prefix: string, database = 0): RedisKeys {
  const of = (room: string): string => `${prefix}:{${room}}`;
  const scope = database === 0 ? prefix : `${prefix}@${database}`;
  return {
    meta: (room) => `${of(room)}:meta`,
    log: (room) => `${of(room)}:log`,
    digestOf: digest,
    producers: (room) => `${of(room)}:producer:`,
    producer: (room, name) => `${of(room)}:producer:${digest(name)}`,
    sessions: (room, user) => `${of(room)}:sessions:${user === null ? '' : digest(user)}`,
    admissions: (room) => `${of(room)}:admission:`,
    admission: (room, name) => `${of(room)}:admission:${digest(name)}`,
    ended: (user) => `${prefix}:ended:${digest(user)}`,
    members: (room) => `${of(room)}:members`,
    channel: (room) => `${scope}:{${room}}`,
    roomOf: (channel) => channel.slice(scope.length + 2, -1),
    nodes: `${prefix}:nodes`,
    loads: `${prefix}:loads`,
    nodeChannel: `${scope}:tell`,
    handChannel: (node) => `${scope}:hand:${node}`,
    nodeCommands: `${prefix}:told`,
  };
}
