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

/**
 * The number of admissions, at most. Beyond it the least recently used are forgotten, and their sessions
 * start anew.
 */
const maxAdmissions = 65_536;
/** The memory of an admission beside its key, in bytes. */
const admissionBytes = 200;

type LogStart = Pick<Position, 'epoch' | 'offset'>;

export class MemoryAdmissions implements Admissions {
  private readonly now: () => number;
  private readonly maxBytes: number;
  /** The least recently used comes first. */
  private readonly admissions = new Map<string, KeptAdmission>();
  /** When the sessions of a user were last ended: in the order of events, and by the clock. */
  private readonly endedUsers = new Map<string, { readonly order: number; readonly at: number }>();
  /** The keys of sessions that left their rooms, by room and user. The one that left first comes first. */
  private readonly idleByUser = new Map<string, Set<string>>();
  private lastOrder = 0;
  private totalBytes = 0;

  /** `maxBytes`: the memory that all admissions may take. */
  constructor(now: () => number, maxBytes: number) {
    this.now = now;
    this.maxBytes = maxBytes;
  }

  admit(room: string, producer: string, { epoch, offset }: LogStart): void {
    this.keep(compositeKey(room, producer), {
      from: { epoch, offset },
      order: ++this.lastOrder,
      usedAt: this.now(),
      user: compositeKey(room, userOfProducer(producer) ?? ''),
    });
  }

  admitted(room: string, producer: string, user: string | null): LogStart | null {
    const admission = this.admissions.get(compositeKey(room, producer));
    if (!admission || this.now() - admission.usedAt > sessionLifeMs) return null;
    const endedOrder = user === null ? 0 : (this.endedUsers.get(user)?.order ?? 0);
    return endedOrder > admission.order ? null : admission.from;
  }

  expel(room: string, producer: string): void {
    this.forget(compositeKey(room, producer));
  }

  /** The session is in use. */
  use(room: string, producer: string): void {
    const key = compositeKey(room, producer);
    const admission = this.admissions.get(key);
    if (admission) this.keep(key, { ...admission, usedAt: this.now() });
  }

  /** The session left the room. */
  rest(room: string, producer: string): void {
    const key = compositeKey(room, producer);
    const admission = this.admissions.get(key);
    if (!admission) return;
    const idleOfUser = this.idleByUser.get(admission.user) ?? new Set();
    this.idleByUser.set(admission.user, idleOfUser);
    idleOfUser.add(key);
    for (const oldest of idleOfUser) {
      if (idleOfUser.size <= maxIdleSessionsOf(userOfProducer(producer))) break;
      this.forget(oldest);
    }
  }

  /** Every session of the user was ended. */
  end(user: string): void {
    this.endedUsers.set(user, { order: ++this.lastOrder, at: this.now() });
  }

  /** Forgets what is too old. */
  sweep(): void {
    const now = this.now();
    for (const [key, { usedAt }] of this.admissions) {
      if (now - usedAt <= sessionLifeMs) break;
      this.forget(key);
    }
    // By then no older admission is left.
    for (const [user, { at }] of this.endedUsers)
      if (now - at > sessionLifeMs * 2) this.endedUsers.delete(user);
  }

  clear(): void {
    this.admissions.clear();
    this.idleByUser.clear();
    this.totalBytes = 0;
    this.endedUsers.clear();
  }

  private keep(key: string, admission: KeptAdmission): void {
    this.forget(key);
    this.admissions.set(key, admission);
    this.totalBytes += admissionBytes + key.length;
    for (const oldest of this.admissions.keys()) {
      if (this.admissions.size <= maxAdmissions && this.totalBytes <= this.maxBytes) break;
      this.forget(oldest);
    }
  }

  private forget(key: string): void {
    this.markInUse(key);
    if (this.admissions.delete(key)) this.totalBytes -= admissionBytes + key.length;
  }

  private markInUse(key: string): void {
    const admission = this.admissions.get(key);
    if (!admission) return;
    const idleOfUser = this.idleByUser.get(admission.user);
    if (idleOfUser?.delete(key) && idleOfUser.size === 0) this.idleByUser.delete(admission.user);
  }
}
