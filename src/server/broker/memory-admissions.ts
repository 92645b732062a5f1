// The admissions of sessions in the memory of one process.
import type { Position } from '../../protocol/position.js';
import { compositeKey } from '../util/composite-key.js';
import type { Admissions } from './broker.js';
import { maxIdleSessionsOf, sessionLifeMs, userOfProducer } from './producer-name.js';

interface KeptAdmission {
  readonly from: Pick<Position, 'epoch' | 'offset'>;
  /** Sequence number: tells which of two events came first, even in one ms. */
  readonly order: number;
  usedAt: number;
  /** The room and user, as one key. */
  readonly user: string;
}

export interface MemoryAdmissions extends Admissions {
  /** The session is in use. */
  use(room: string, producer: string): void;
  /** The session left the room. */
  rest(room: string, producer: string): void;
  /** Every session of the user was ended. */
  end(user: string): void;
  sweep(): void;
  clear(): void;
}

/**
 * The number of admissions, at most. Beyond it the least recently used are forgotten, and their sessions
 * start anew.
 */
const maxAdmissions = 65_536;
/** The memory of an admission beside its key, in bytes. */
const admissionBytes = 200;

/** `maxBytes`: the memory that all admissions may take. */
export function memoryAdmissions(now: () => number, maxBytes: number): MemoryAdmissions {
  /** The least recently used comes first. */
  const admissions = new Map<string, KeptAdmission>();
  /** When the sessions of a user were last ended: in the order of events, and by the clock. */
  const endedUsers = new Map<string, { readonly order: number; readonly at: number }>();
  let order = 0;

  let totalBytes = 0;

  /** The keys of sessions that left their rooms, by room and user. The one that left first comes first. */
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
      // By then no older admission is left.
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
