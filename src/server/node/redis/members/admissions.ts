// The admissions of sessions in Redis: a key for each, beside the keys of the room. A key of the user says
// when its sessions were ended.
import type { Admissions } from '../../../broker/broker.js';
import type { RunInRoom, ScriptRunner } from '../client/script-runner.js';
import type { RedisKeys } from '../store/keys.js';
import * as scripts from '../store/member-scripts.js';

interface AdmissionPorts {
  readonly runner: ScriptRunner;
  readonly runInRoom: RunInRoom;
  readonly keys: RedisKeys;
  /** How long an admission outlives its last use, in ms. */
  readonly lifeMs: number;
  /** Records a session. */
  readonly recordSession: (room: string, producer: string) => void;
}

/** Splits a value into the moment that it begins with, and the rest. */
function readMoment(value: unknown): readonly [at: number, rest: string] | null {
  const [, at, rest = ''] = /^(\d+) (.*)$/s.exec(String(value)) ?? [];
  return at === undefined ? null : [Number(at), rest];
}

export interface RedisAdmissions extends Admissions {
  /** Records that every session of a user was ended `agoMs` ago. */
  recordEnded(user: string, agoMs: number): Promise<void>;
}

export function createRedisAdmissions({
  runner,
  runInRoom,
  keys,
  lifeMs,
  recordSession,
}: AdmissionPorts): RedisAdmissions {
  return {
    async admit(room, producer, { epoch, offset }) {
      await runInRoom(
        room,
        scripts.moment,
        [keys.admission(room, producer)],
        [`${offset} ${epoch}`, lifeMs, 0],
      );
      recordSession(room, producer);
    },
    async admitted(room, producer, user) {
      const [admissionText, endedText] = await Promise.all([
        runInRoom(room, scripts.kept, [keys.admission(room, producer)], []),
        user === null ? '' : runner.script(scripts.kept, [keys.ended(user)], []),
      ]);
      const admission = readMoment(admissionText);
      const from = admission && readMoment(admission[1]);
      if (!admission || !from) return null;
      // If both are in one ms, it is not known which came first: the admission does not count.
      const endedAt = readMoment(endedText)?.[0] ?? -Infinity;
      return admission[0] <= endedAt ? null : { offset: from[0], epoch: from[1] };
    },
    async expel(room, producer) {
      await runInRoom(room, scripts.forget, [keys.admission(room, producer)], []);
    },
    async recordEnded(user, agoMs) {
      // Longer than any admission that it ends.
      await runner.script(scripts.moment, [keys.ended(user)], ['', lifeMs * 2, agoMs]);
    },
  };
}
