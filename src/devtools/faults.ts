// Faults on purpose, between a client's machine and its link: what a tunnel, a dead radio or a lapsed token do.
import type { Inspection } from '../client/client.js';
import type { Effect } from '../client/machine/model/effects.js';
import type { Event } from '../client/machine/model/events.js';
import { attemptsOf } from '../client/machine/model/connection-state.js';

export interface Faults {
  /** Whether nothing passes, and nobody is told. */
  readonly stalled: boolean;
  /** Whether the next acknowledgement is lost, and the connection with it. */
  readonly losing: boolean;
  /** Breaks the connection, as a network that is gone. */
  cut(): void;
  /** Lets nothing pass either way while both ends believe the link up; what was held back follows when it ends. */
  stall(on: boolean): void;
  /** The next acknowledgement is lost with the connection: what it told of is sent again, and known at the server. */
  loseAck(): void;
  /** The server refuses the token, as it does once it has expired. */
  expireToken(): void;
  /** What becomes of an event; null: it does not happen. */
  event(event: Event): Event | null;
  /** Whether an effect is performed. */
  effect(effect: Effect): boolean;
  end(): void;
}

export function createFaults(inspection: Inspection, changed: () => void): Faults {
  let stalled = false;
  let losing = false;
  /** Whether what comes is lost with the connection that is about to be. */
  let going = false;
  let heldIn: Event[] = [];
  let heldOut: Extract<Effect, { type: 'write' }>[] = [];

  const lose = (code: number, reason: string): void => {
    const attempts = attemptsOf(inspection.state().connection);
    for (const attempt of attempts) inspection.perform({ type: 'close', attempt, code: 1000, reason });
    for (const attempt of attempts) inspection.dispatch({ type: 'lost', attempt, code, reason });
  };
  const cut = (): void => {
    going = false;
    lose(1006, 'cut by the devtools');
  };
  const isNews = (event: Event): boolean => event.type === 'opened' || event.type === 'received';
  const release = (): void => {
    const [events, writes] = [heldIn, heldOut];
    [heldIn, heldOut] = [[], []];
    for (const write of writes) inspection.perform(write);
    for (const event of events) inspection.dispatch(event);
  };

  return {
    get stalled() {
      return stalled;
    },
    get losing() {
      return losing;
    },
    cut,
    stall(on) {
      stalled = on;
      if (!on) release();
      changed();
    },
    loseAck() {
      losing = true;
      changed();
    },
    expireToken() {
      lose(4401, 'the token expired, say the devtools');
    },
    event(event) {
      if (going && isNews(event)) return null;
      if (stalled && isNews(event)) {
        heldIn.push(event);
        return null;
      }
      if (!losing || event.type !== 'received' || !event.frames.some(({ type }) => type === 'ack'))
        return event;
      losing = false;
      going = true;
      // What came before it was read; the rest is lost with it.
      queueMicrotask(cut);
      changed();
      const frames = event.frames.slice(
        0,
        event.frames.findIndex(({ type }) => type === 'ack'),
      );
      return frames.length ? { ...event, frames } : null;
    },
    effect(effect) {
      if (!stalled || effect.type !== 'write') return true;
      heldOut.push(effect);
      return false;
    },
    end() {
      stalled = false;
      losing = false;
      release();
    },
  };
}
