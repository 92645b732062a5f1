// Members that lost their connection. They are shown for a grace time, and leave after it unless they come
// back.
import { compositeKey } from '../util/composite-key.js';
import { createTimerWheel, noSlot, type TimedItem, type TimerWheel } from '../util/timer-wheel.js';

interface GracePeriod extends TimedItem {
  readonly key: string;
  readonly room: string;
  readonly member: string;
}

export interface PresenceGrace {
  /** The member leaves after `graceMs`. An earlier moment is forgotten. */
  add(room: string, member: string, graceMs: number): void;
  /** The member came back, or left for another reason. */
  cancel(room: string, member: string): void;
  /** Whether the member is still shown in a room. */
  has(member: string): boolean;
  /** The member leaves all its rooms now. */
  endMember(member: string): void;
  /** All members leave now. */
  endAll(): void;
}

/**
 * Makes the grace periods.
 *
 * @param stepMs How late a member may leave, in ms.
 * @param onMemberGone Called once a member has no grace period left.
 */
export function createPresenceGrace(
  stepMs: number,
  clock: Parameters<typeof createTimerWheel>[1],
  exit: (room: string, member: string) => void,
  onMemberGone: (member: string) => void,
): PresenceGrace {
  const gracePeriods = new Map<string, GracePeriod>();
  const periodsByMember = new Map<string, Set<GracePeriod>>();
  const wheel: TimerWheel<GracePeriod> = createTimerWheel(stepMs, clock, (period) => {
    forget(period);
    exit(period.room, period.member);
  });
  function forget(period: GracePeriod): void {
    gracePeriods.delete(period.key);
    const periodsOfMember = periodsByMember.get(period.member);
    periodsOfMember?.delete(period);
    if (periodsOfMember?.size !== 0) return;
    periodsByMember.delete(period.member);
    onMemberGone(period.member);
  }
  const cancel = (room: string, member: string): void => {
    const period = gracePeriods.get(compositeKey(room, member));
    if (!period) return;
    forget(period);
    wheel.cancel(period);
  };
  const endEach = (periods: Iterable<GracePeriod>): void => {
    for (const { room, member } of periods) {
      cancel(room, member);
      exit(room, member);
    }
  };

  return {
    add(room, member, graceMs) {
      cancel(room, member);
      const period: GracePeriod = { slot: noSlot, key: compositeKey(room, member), room, member };
      gracePeriods.set(period.key, period);
      periodsByMember.set(member, (periodsByMember.get(member) ?? new Set()).add(period));
      wheel.schedule(period, clock.now() + graceMs);
    },
    cancel,
    has: (member) => periodsByMember.has(member),
    endMember(member) {
      endEach(periodsByMember.get(member) ?? []);
    },
    endAll() {
      endEach(gracePeriods.values());
    },
  };
}
