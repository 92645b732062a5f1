// Members that lost their connection: still shown for a grace time, and gone after it unless they come back.
import { createWheel, nowhere, type Timed, type Wheel } from '../util/timer-wheel.js';

interface Departure extends Timed {
  readonly key: string;
  readonly room: string;
  readonly member: string;
}

export interface Departures {
  /** The member goes after `grace` ms. Replaces an earlier moment. */
  add(room: string, member: string, grace: number): void;
  /** The member is back, or gone for another reason. */
  cancel(room: string, member: string): void;
  /** Whether a member is still shown somewhere. */
  has(member: string): boolean;
  /** A member goes now, everywhere. */
  endOf(member: string): void;
  /** Everybody goes now. */
  end(): void;
}

const keyOf = (room: string, member: string): string => `${room}\n${member}`;

/**
 * @param step how late somebody may go, in ms.
 * @param over told once a member is on grace nowhere any more.
 */
export function createDepartures(
  step: number,
  ports: Parameters<typeof createWheel>[1],
  exit: (room: string, member: string) => void,
  over: (member: string) => void,
): Departures {
  const departures = new Map<string, Departure>();
  const members = new Map<string, Set<Departure>>();
  const wheel: Wheel<Departure> = createWheel(step, ports, (departure) => {
    forget(departure);
    exit(departure.room, departure.member);
  });
  function forget(departure: Departure): void {
    departures.delete(departure.key);
    const its = members.get(departure.member);
    its?.delete(departure);
    if (its?.size !== 0) return;
    members.delete(departure.member);
    over(departure.member);
  }
  const cancel = (room: string, member: string): void => {
    const departure = departures.get(keyOf(room, member));
    if (!departure) return;
    forget(departure);
    wheel.cancel(departure);
  };
  const endAll = (some: Iterable<Departure>): void => {
    for (const { room, member } of some) {
      cancel(room, member);
      exit(room, member);
    }
  };

  return {
    add(room, member, grace) {
      cancel(room, member);
      const departure: Departure = { slot: nowhere, key: keyOf(room, member), room, member };
      departures.set(departure.key, departure);
      members.set(member, (members.get(member) ?? new Set()).add(departure));
      wheel.schedule(departure, ports.now() + grace);
    },
    cancel,
    has: (member) => members.has(member),
    endOf(member) {
      endAll(members.get(member) ?? []);
    },
    end() {
      endAll(departures.values());
    },
  };
}
