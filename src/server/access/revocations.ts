// Users whose connections were ended, or whose rights changed: what was asked of the app before that is out
// of date when its answer comes.
import { authorizeTimeoutMs } from './authorize.js';
import type { NodeEvent } from '../broker/broker.js';
import type { ServerPorts } from '../ports/ports.js';

interface Moment {
  /** The how manieth it is: of two in one millisecond, one is later. */
  readonly order: number;
  readonly at: number;
}

export interface Revocations {
  /** A user was ended or is to be asked for anew, `age` ms ago. */
  note(event: NodeEvent, age: number): void;
  /** The moment, as {@link Revocations.since} takes it. */
  now(): Moment;
  /** Whether that was told of a user since a moment. */
  since(moment: Moment, type: NodeEvent['type'], user: string): boolean;
}

const keyOf = (type: NodeEvent['type'], user: string): string => `${type}\n${user}`;

export function createRevocations({ after, steady }: Pick<ServerPorts, 'after' | 'steady'>): Revocations {
  const moments = new Map<string, Moment>();
  let order = 0;
  return {
    note({ type, user }, age) {
      const key = keyOf(type, user);
      const it: Moment = { order: ++order, at: steady() - age };
      moments.set(key, it);
      // No question to the app takes longer.
      after(authorizeTimeoutMs * 2, () => {
        if (moments.get(key) === it) moments.delete(key);
      });
    },
    now: () => ({ order, at: steady() }),
    since(then, type, user) {
      const told = moments.get(keyOf(type, user));
      return told !== undefined && told.order > then.order && told.at >= then.at;
    },
  };
}
