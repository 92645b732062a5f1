// The search for events that a node did not hear: a channel of Redis promises no delivery.
import type { Position } from '../../../protocol/position.js';
import { sessionLifeMs } from '../../broker/producer-name.js';
import type { RedisParts } from './parts.js';
import * as scripts from './store/log-scripts.js';

/** Rooms whose logs are compared at a time, so that other questions to Redis are not held up. */
const roomsPerStep = 200;

/** Where the log of a room ends, as Redis says. Undefined if Redis cannot be asked. */
async function standOf(
  room: string,
  { runner, keys, failed }: RedisParts,
): Promise<readonly (string | null)[] | undefined> {
  try {
    const roomKeys = [keys.meta(room), keys.members(room)];
    return (await runner.script(scripts.stand, roomKeys, [sessionLifeMs])) as (string | null)[];
  } catch (error) {
    // One room that cannot be asked about, because a node of a cluster is down, must not hide the others.
    failed(error);
    return undefined;
  }
}

async function lookAtRoom(room: string, position: Position | null, parts: RedisParts): Promise<void> {
  const stand = await standOf(room, parts);
  if (!stand || !position) return;
  const [epoch, offset, tag] = stand;
  const isSame =
    epoch === position.epoch && Number(offset ?? 0) === position.offset && (tag ?? '') === position.tag;
  if (!isSame) parts.feeds.checkRoom(room);
}

/** Looks for entries, members and commands that this node did not hear. */
export async function lookForMissed(parts: RedisParts): Promise<void> {
  const { redis, feeds, nodeCommands, failed } = parts;
  if (redis.mayMissMessages) feeds.checkAll();
  else feeds.countStale();
  await nodeCommands.catchUp().catch(failed);
  const rooms = [...feeds.rooms()];
  for (let from = 0; from < rooms.length; from += roomsPerStep) {
    const step = rooms.slice(from, from + roomsPerStep);
    await Promise.all(step.map(([room, position]) => lookAtRoom(room, position, parts)));
  }
}
