// From where on sessions were told of rooms, in the memory of one process.
import type { Admissions } from './broker.js';
import type { Position } from '../../protocol/position.js';
import { mostIdleOf, userIn } from './producer-name.js';

interface Admission {
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
const most = 65_536;
/** What one costs beside its key, in bytes. */
const admissionWeight = 200;
/** How long one that was not used is kept, in ms: 24 h. */
const lifeMs = 86_400_000;

const keyOf = (room: string, producer: string): string => `${room}\n${producer}`;

/** `mostBytes`: what they may cost together. */
export function memoryAdmissions(now: () => number, mostBytes: number): MemoryAdmissions {
  /** The one that was used least lately is the first. */
  const admissions = new Map<string, Admission>();
  /** When the sessions of a user were ended last: in the order of events, and by the clock. */
  const ended = new Map<string, { readonly order: number; readonly at: number }>();
  let order = 0;

  let weight = 0;

  /** Those of sessions that are not there any more, by room and user; the one that left first is the first. */
  const idle = new Map<string, Set<string>>();

  const wake = (key: string): void => {
    const it = admissions.get(key);
    const others = it && idle.get(it.user);
    if (others?.delete(key) && others.size === 0) idle.delete(it?.user ?? '');
  };

  const forget = (key: string): void => {
    wake(key);
    if (admissions.delete(key)) weight -= admissionWeight + key.length;
  };

  const put = (key: string, it: Admission): void => {
    forget(key);
    admissions.set(key, it);
    weight += admissionWeight + key.length;
    for (const oldest of admissions.keys()) {
      if (admissions.size <= most && weight <= mostBytes) break;
      forget(oldest);
    }
  };

  return {
    admit(room, producer, { epoch, offset }) {
      const user = keyOf(room, userIn(producer) ?? '');
      put(keyOf(room, producer), { from: { epoch, offset }, order: ++order, usedAt: now(), user });
    },
    admitted(room, producer, user) {
      const it = admissions.get(keyOf(room, producer));
      if (!it || now() - it.usedAt > lifeMs) return null;
      return user !== null && (ended.get(user)?.order ?? 0) > it.order ? null : it.from;
    },
    expel(room, producer) {
      forget(keyOf(room, producer));
    },
    use(room, producer) {
      const key = keyOf(room, producer);
      const it = admissions.get(key);
      if (it) put(key, { ...it, usedAt: now() });
    },
    rest(room, producer) {
      const key = keyOf(room, producer);
      const it = admissions.get(key);
      if (!it) return;
      const others = idle.get(it.user) ?? new Set();
      idle.set(it.user, others);
      others.add(key);
      for (const oldest of others) {
        if (others.size <= mostIdleOf(userIn(producer))) break;
        forget(oldest);
      }
    },
    end(user) {
      ended.set(user, { order: ++order, at: now() });
    },
    sweep() {
      for (const [key, { usedAt }] of admissions) {
        if (now() - usedAt <= lifeMs) break;
        forget(key);
      }
      // No admission that is older is left by then.
      for (const [user, { at }] of ended) if (now() - at > lifeMs * 2) ended.delete(user);
    },
    clear() {
      admissions.clear();
      idle.clear();
      weight = 0;
      ended.clear();
    },
  };
}
