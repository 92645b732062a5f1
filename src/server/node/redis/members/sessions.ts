// Sessions in a room, for as long as Redis remembers their numbers, and where they were let in: those of one user that are not in use have a bound.
import { inUseMs, mostIdleOf, userIn } from '../../../broker/producer-name.js';
import type { Keys } from '../store/keys.js';
import * as scripts from '../store/session-scripts.js';

interface SessionPorts {
  readonly call: (
    room: string,
    script: string,
    keys: readonly string[],
    args: readonly (string | number)[],
  ) => Promise<unknown>;
  readonly keys: Keys;
  /** Ms to add to the clock of Redis. */
  readonly ahead: () => number;
  /** How long what is known of a session outlives its last use, in ms. */
  readonly lifeMs: number;
  readonly failed: (error: unknown) => void;
}

export interface RedisSessions {
  /** A session was let into a room that asks who may, or has said its first message there. */
  began(room: string, producer: string): void;
  rest(room: string, producer: string, agoMs: number): Promise<void>;
  watermark(room: string, producer: string): Promise<number>;
}

export function createSessions({ call, keys, ahead, lifeMs, failed }: SessionPorts): RedisSessions {
  const known = (producer: string): readonly (string | number)[] => [
    ahead(),
    keys.digest(producer),
    inUseMs,
    lifeMs,
  ];
  const bounded = (room: string, producer: string): readonly (string | number)[] => [
    ...known(producer),
    mostIdleOf(userIn(producer)),
    keys.producers(room),
    keys.admissions(room),
  ];

  return {
    began(room, producer) {
      call(room, scripts.began, [keys.sessions(room, userIn(producer))], bounded(room, producer)).catch(
        failed,
      );
    },
    async rest(room, producer, agoMs) {
      await call(
        room,
        scripts.rested,
        [keys.sessions(room, userIn(producer))],
        [...bounded(room, producer), Math.floor(agoMs)],
      );
    },
    watermark: async (room, producer) =>
      Number(
        await call(
          room,
          scripts.watermark,
          [
            keys.sessions(room, userIn(producer)),
            keys.producer(room, producer),
            keys.admission(room, producer),
          ],
          known(producer),
        ),
      ),
  };
}
