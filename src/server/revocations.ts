// Users whose connections were ended: one who was being authenticated meanwhile was known by an answer that is out of date.
import { patience } from './ask.js';
import type { ServerPorts } from './ports.js';

interface Moment {
  /** The how manieth it is: of two in one millisecond, one is later. */
  readonly order: number;
  readonly at: number;
}

export interface Revocations {
  /** A user was ended, `age` ms ago. */
  note(user: string, age: number): void;
  /** The moment, as {@link Revocations.since} takes it. */
  now(): Moment;
  /** Whether a user was ended since a moment. */
  since(moment: Moment, user: string): boolean;
}

export function createRevocations({ after, steady }: Pick<ServerPorts, 'after' | 'steady'>): Revocations {
  const moments = new Map<string, Moment>();
  let order = 0;
  return {
    note(user, age) {
      const it: Moment = { order: ++order, at: steady() - age };
      moments.set(user, it);
      // No authentication takes longer.
      after(patience * 2, () => {
        if (moments.get(user) === it) moments.delete(user);
      });
    },
    now: () => ({ order, at: steady() }),
    since(then, user) {
      const ended = moments.get(user);
      return ended !== undefined && ended.order > then.order && ended.at >= then.at;
    },
  };
}
