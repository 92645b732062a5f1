// Members that lost their connection: still shown for a grace time, and gone after it unless they come back.
import { createWheel, nowhere, type Timed, type Wheel } from './wheel.js';

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
  /** Everybody goes now. */
  end(): void;
}

const keyOf = (room: string, member: string): string => `${room}\n${member}`;

/** `step`: how late somebody may go, in ms. */
export function createDepartures(
  step: number,
  ports: Parameters<typeof createWheel>[1],
  exit: (room: string, member: string) => void,
): Departures {
  const departures = new Map<string, Departure>();
  const wheel: Wheel<Departure> = createWheel(step, ports, ({ key, room, member }) => {
    departures.delete(key);
    exit(room, member);
  });
  const cancel = (room: string, member: string): void => {
    const departure = departures.get(keyOf(room, member));
    if (!departure) return;
    departures.delete(departure.key);
    wheel.cancel(departure);
  };

  return {
    add(room, member, grace) {
      cancel(room, member);
      const departure: Departure = { slot: nowhere, key: keyOf(room, member), room, member };
      departures.set(departure.key, departure);
      wheel.schedule(departure, ports.now() + grace);
    },
    cancel,
    end() {
      for (const { room, member } of departures.values()) {
        cancel(room, member);
        exit(room, member);
      }
    },
  };
}
