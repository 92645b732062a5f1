// The sessions of a room that Redis remembers, and the bound on those of one user that are not in use.
import { producerInUseMs, maxIdleSessionsOf, userOfProducer } from '../../../broker/producer-name.js';
import type { RunInRoom } from '../client/script-runner.js';
import type { RedisKeys } from '../store/keys.js';
import * as scripts from '../store/session-scripts.js';

interface SessionPorts {
  readonly runInRoom: RunInRoom;
  readonly keys: RedisKeys;
  /** Ms to add to the clock of Redis. */
  readonly clockOffsetMs: () => number;
  /** How long Redis remembers a session after its last use, in ms. */
  readonly lifeMs: number;
  readonly failed: (error: unknown) => void;
}

export interface RedisSessions {
  /** Records a session that was admitted to a room with `authorize`, or that sent its first message there. */
  recordSession(room: string, producer: string): void;
  rest(room: string, producer: string, agoMs: number): Promise<void>;
  watermark(room: string, producer: string): Promise<number>;
}

export function createRedisSessions({
  runInRoom,
  keys,
  clockOffsetMs,
  lifeMs,
  failed,
}: SessionPorts): RedisSessions {
  const sessionArguments = (producer: string): readonly (string | number)[] => [
    clockOffsetMs(),
    keys.digestOf(producer),
    producerInUseMs,
    lifeMs,
  ];
  const boundArguments = (room: string, producer: string): readonly (string | number)[] => [
    ...sessionArguments(producer),
    maxIdleSessionsOf(userOfProducer(producer)),
    keys.producers(room),
    keys.admissions(room),
  ];

  return {
    recordSession(room, producer) {
      runInRoom(
        room,
        scripts.began,
        [keys.sessions(room, userOfProducer(producer))],
        boundArguments(room, producer),
      ).catch(failed);
    },
    async rest(room, producer, agoMs) {
      await runInRoom(
        room,
        scripts.rested,
        [keys.sessions(room, userOfProducer(producer))],
        [...boundArguments(room, producer), Math.floor(agoMs)],
      );
    },
    watermark: async (room, producer) =>
      Number(
        await runInRoom(
          room,
          scripts.watermark,
          [
            keys.sessions(room, userOfProducer(producer)),
            keys.producer(room, producer),
            keys.admission(room, producer),
          ],
          sessionArguments(producer),
        ),
      ),
  };
}
