// The names of keys and channels. A room id holds no braces, so that its keys share one hash tag, and a
// cluster keeps them together.
import { createHash } from 'node:crypto';

export interface RedisKeys {
  meta(room: string): string;
  log(room: string): string;
  /** The outcomes of a producer. Its name holds a session key, so Redis gets a digest of it. */
  producer(room: string, name: string): string;
  /** The beginning of all these keys. The rest is the digest of a name. */
  producers(room: string): string;
  digestOf(name: string): string;
  /** The sessions of a user that the room remembers. */
  sessions(room: string, user: string | null): string;
  /** The admission of a producer. */
  admission(room: string, name: string): string;
  /** The beginning of all these keys. The rest is the digest of a name. */
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
  /** The channel of one node. */
  handChannel(node: string): string;
  /** The commands that are kept for a while. */
  readonly nodeCommands: string;
}

const digest = (name: string): string => createHash('sha256').update(name).digest('base64url').slice(0, 22);

/**
 * Makes the names.
 *
 * @param database The number of the database. A channel is shared by all databases of a Redis, so its name
 * holds the number; except for 0, whose channels had these names first.
 */
export function createRedisKeys(prefix: string, database = 0): RedisKeys {
  const roomKey = (room: string): string => `${prefix}:{${room}}`;
  const scope = database === 0 ? prefix : `${prefix}@${database}`;
  return {
    meta: (room) => `${roomKey(room)}:meta`,
    log: (room) => `${roomKey(room)}:log`,
    digestOf: digest,
    producers: (room) => `${roomKey(room)}:producer:`,
    producer: (room, name) => `${roomKey(room)}:producer:${digest(name)}`,
    sessions: (room, user) => `${roomKey(room)}:sessions:${user === null ? '' : digest(user)}`,
    admissions: (room) => `${roomKey(room)}:admission:`,
    admission: (room, name) => `${roomKey(room)}:admission:${digest(name)}`,
    ended: (user) => `${prefix}:ended:${digest(user)}`,
    members: (room) => `${roomKey(room)}:members`,
    channel: (room) => `${scope}:{${room}}`,
    roomOf: (channel) => channel.slice(scope.length + 2, -1),
    nodes: `${prefix}:nodes`,
    loads: `${prefix}:loads`,
    nodeChannel: `${scope}:tell`,
    handChannel: (node) => `${scope}:hand:${node}`,
    nodeCommands: `${prefix}:told`,
  };
}
