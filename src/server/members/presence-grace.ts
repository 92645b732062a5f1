// Members that lost their connection: still shown for a grace time, and gone after it unless they come back.
import { createTimerWheel, noSlot, type TimedItem, type TimerWheel } from '../util/timer-wheel.js';
import { compositeKey } from '../util/composite-key.js';

interface GracePeriod extends TimedItem {
  readonly key: string;
  readonly room: string;
  readonly member: string;
}

export interface PresenceGrace {
  /** The member goes after `grace` ms. Replaces an earlier moment. */
  add(room: string, member: string, grace: number): void;
  /** The member is back, or gone for another reason. */
  cancel(room: string, member: string): void;
  /** Whether a member is still shown somewhere. */
  has(member: string): boolean;
  /** A member goes now, everywhere. */
  endMember(member: string): void;
  /** Everybody goes now. */
  endAll(): void;
}

/**
 * @param stepMs how late somebody may go, in ms.
 * @param onMemberGone told once a member is on grace nowhere any more.
 */
export function createPresenceGrace(
  stepMs: number,
  ports: Parameters<typeof createTimerWheel>[1],
  exit: (room: string, member: string) => void,
  onMemberGone: (member: string) => void,
): PresenceGrace {
  const gracePeriods = new Map<string, GracePeriod>();
  const periodsByMember = new Map<string, Set<GracePeriod>>();
  const wheel: TimerWheel<GracePeriod> = createTimerWheel(stepMs, ports, (period) => {
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
    add(room, member, grace) {
      cancel(room, member);
      const period: GracePeriod = { slot: noSlot, key: compositeKey(room, member), room, member };
      gracePeriods.set(period.key, period);
      periodsByMember.set(member, (periodsByMember.get(member) ?? new Set()).add(period));
      wheel.schedule(period, ports.now() + grace);
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
