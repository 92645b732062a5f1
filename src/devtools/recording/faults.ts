// Faults on purpose, between a client's machine and its link, as a tunnel, a dead radio or an expired token cause them.
import { closeAbnormal, closeNormal, closeUnauthorized } from '../../protocol/codes.js';
import type { Inspection } from '../../client/client.js';
import type { Effect } from '../../client/machine/model/effects.js';
import type { Event } from '../../client/machine/model/events.js';
import { attemptsOf } from '../../client/machine/model/connection-state.js';

export interface Faults {
  /** True while nothing passes and both ends believe that the connection works. */
  readonly stalled: boolean;
  /** True until the next ack is lost together with the connection. */
  readonly losing: boolean;
  /** Breaks the connection, as a lost network does. */
  cut(): void;
  /** Holds back everything in both directions. When it ends, everything that was held back follows. */
  stall(isOn: boolean): void;
  /**
   * Loses the next ack together with the connection. The client sends its messages again, and the server knows them.
   */
  loseAck(): void;
  /** Ends the connection as the server does when the token has expired. */
  expireToken(): void;
  /** Returns the event that happens in place of this one, or null if none does. */
  event(event: Event): Event | null;
  /** Returns true if an effect is performed. */
  effect(effect: Effect): boolean;
  end(): void;
}

export function createFaults(inspection: Inspection, changed: () => void): Faults {
  let stalled = false;
  let losing = false;
  /** True from the lost ack until the connection breaks: everything that arrives is lost with it. */
  let isBreaking = false;
  let heldIn: Event[] = [];
  let heldOut: Extract<Effect, { type: 'write' }>[] = [];

  const lose = (code: number, reason: string): void => {
    const attempts = attemptsOf(inspection.state().connection);
    for (const attempt of attempts) inspection.perform({ type: 'close', attempt, code: closeNormal, reason });
    for (const attempt of attempts) inspection.dispatch({ type: 'lost', attempt, code, reason });
  };
  const cut = (): void => {
    isBreaking = false;
    lose(closeAbnormal, 'cut by the devtools');
  };
  const isFromServer = (event: Event): boolean => event.type === 'opened' || event.type === 'received';
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
    stall(isOn) {
      stalled = isOn;
      if (!isOn) release();
      changed();
    },
    loseAck() {
      losing = true;
      changed();
    },
    expireToken() {
      lose(closeUnauthorized, 'the devtools let the token expire');
    },
    event(event) {
      if (isBreaking && isFromServer(event)) return null;
      if (stalled && isFromServer(event)) {
        heldIn.push(event);
        return null;
      }
      if (!losing || event.type !== 'received' || !event.frames.some(({ type }) => type === 'ack'))
        return event;
      losing = false;
      isBreaking = true;
      // The frames before the ack arrive, and those behind it are lost with it.
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
