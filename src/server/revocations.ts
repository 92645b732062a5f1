// Users whose connections were ended: one who was being authenticated meanwhile was known by an answer that is out of date.
import { patience } from './ask.js';
import type { ServerPorts } from './ports.js';

export interface Revocations {
  note(user: string): void;
  /** The moment, as {@link Revocations.since} takes it. */
  now(): number;
  /** Whether a user was ended since a moment. */
  since(moment: number, user: string): boolean;
}

export function createRevocations({ after }: Pick<ServerPorts, 'after'>): Revocations {
  const moments = new Map<string, number>();
  let moment = 0;
  return {
    note(user) {
      const at = ++moment;
      moments.set(user, at);
      // No authentication takes longer.
      after(patience * 2, () => {
        if (moments.get(user) === at) moments.delete(user);
      });
    },
    now: () => moment,
    since: (then, user) => (moments.get(user) ?? 0) > then,
  };
}
