// From where on sessions were told of rooms, in the memory of one process.
import type { Admissions } from './broker.js';
import type { Position } from '../../protocol/position.js';
import { maxIdleSessionsOf, sessionLifeMs, userOfProducer } from './producer-name.js';
import { compositeKey } from '../util/composite-key.js';

interface KeptAdmission {
  readonly from: Pick<Position, 'epoch' | 'offset'>;
  /** The how manieth thing that happened here. */
  readonly order: number;
  usedAt: number;
  /** Its room and user. */
  readonly user: string;
}

export interface MemoryAdmissions extends Admissions {
  /** A session is in use. */
  use(room: string, producer: string): void;
  /** A session is not in a room any more. */
  rest(room: string, producer: string): void;
  /** Every session of a user was ended. */
  end(user: string): void;
  sweep(): void;
  clear(): void;
}

/** Admissions that are kept: beyond them, those that were used least lately are forgotten, and their sessions start anew. */
const maxAdmissions = 65_536;
/** What one costs beside its key, in bytes. */
const admissionBytes = 200;

/** `mostBytes`: what they may cost together. */
export function memoryAdmissions(now: () => number, maxBytes: number): MemoryAdmissions {
  /** The one that was used least lately is the first. */
  const admissions = new Map<string, KeptAdmission>();
  /** When the sessions of a user were ended last: in the order of events, and by the clock. */
  const endedUsers = new Map<string, { readonly order: number; readonly at: number }>();
  let order = 0;

  let totalBytes = 0;

  /** Those of sessions that are not there any more, by room and user; the one that left first is the first. */
  const idleByUser = new Map<string, Set<string>>();

  const markInUse = (key: string): void => {
    const admission = admissions.get(key);
    const idleOfUser = admission && idleByUser.get(admission.user);
    if (idleOfUser?.delete(key) && idleOfUser.size === 0) idleByUser.delete(admission?.user ?? '');
  };

  const forget = (key: string): void => {
    markInUse(key);
    if (admissions.delete(key)) totalBytes -= admissionBytes + key.length;
  };

  const keepAdmission = (key: string, admission: KeptAdmission): void => {
    forget(key);
    admissions.set(key, admission);
    totalBytes += admissionBytes + key.length;
    for (const oldest of admissions.keys()) {
      if (admissions.size <= maxAdmissions && totalBytes <= maxBytes) break;
      forget(oldest);
    }
  };

  return {
    admit(room, producer, { epoch, offset }) {
      const user = compositeKey(room, userOfProducer(producer) ?? '');
      keepAdmission(compositeKey(room, producer), {
        from: { epoch, offset },
        order: ++order,
        usedAt: now(),
        user,
      });
    },
    admitted(room, producer, user) {
      const admission = admissions.get(compositeKey(room, producer));
      if (!admission || now() - admission.usedAt > sessionLifeMs) return null;
      return user !== null && (endedUsers.get(user)?.order ?? 0) > admission.order ? null : admission.from;
    },
    expel(room, producer) {
      forget(compositeKey(room, producer));
    },
    use(room, producer) {
      const key = compositeKey(room, producer);
      const admission = admissions.get(key);
      if (admission) keepAdmission(key, { ...admission, usedAt: now() });
    },
    rest(room, producer) {
      const key = compositeKey(room, producer);
      const admission = admissions.get(key);
      if (!admission) return;
      const idleOfUser = idleByUser.get(admission.user) ?? new Set();
      idleByUser.set(admission.user, idleOfUser);
      idleOfUser.add(key);
      for (const oldest of idleOfUser) {
        if (idleOfUser.size <= maxIdleSessionsOf(userOfProducer(producer))) break;
        forget(oldest);
      }
    },
    end(user) {
      endedUsers.set(user, { order: ++order, at: now() });
    },
    sweep() {
      for (const [key, { usedAt }] of admissions) {
        if (now() - usedAt <= sessionLifeMs) break;
        forget(key);
      }
      // No admission that is older is left by then.
      for (const [user, { at }] of endedUsers) if (now() - at > sessionLifeMs * 2) endedUsers.delete(user);
    },
    clear() {
      admissions.clear();
      idleByUser.clear();
      totalBytes = 0;
      endedUsers.clear();
    },
  };
}
