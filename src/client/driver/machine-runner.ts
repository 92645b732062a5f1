// Runs the machine: keeps its state, takes events in order, and has their effects performed.
import type { Clock } from '../edge/clock.js';
import type { Context } from '../machine/model/context.js';
import type { Effect } from '../machine/model/effects.js';
import type { Event } from '../machine/model/events.js';
import type { Slices } from '../machine/model/slice.js';
import type { State } from '../machine/model/state.js';
import { canHandle, transition } from '../machine/transition.js';

type Step = (event: Event) => readonly Effect[];

/**
 * Stands between an event and the machine. The client performs the effects that it returns. `step` takes an event to
 * the machine and returns its effects; an inspector that does not call `step` keeps the event from happening.
 */
export type Inspector = (event: Event, step: Step) => readonly Effect[];

export interface MachineRunner {
  state(): State;
  /** Takes an event to the machine, behind the events that wait. An event of an effect waits for the effects before. */
  handle(event: Event): void;
  /** Puts an inspector in front of the machine and of earlier inspectors. Returns a function that takes it away. */
  inspect(inspector: Inspector): () => void;
}

/**
 * @param perform does what an effect asks for
 * @param handled called after the events that waited, with whether one other than `pump` changed the state
 */
export function createMachineRunner(
  initial: State,
  given: Omit<Context, 'now'>,
  clock: Clock,
  slices: () => Slices,
  perform: (effect: Effect) => void,
  handled: (hasChanged: boolean) => void,
): MachineRunner {
  const { random, newSession, config, parse } = given;
  const context = { now: 0, random, newSession, config, parse };
  let state = initial;
  let isRunning = false;
  let hasChanged = false;
  const events: Event[] = [];
  /** Events that wait for slices which come with the code of the connection. */
  let held: Event[] = [];
  let step: Step = (event) => {
    context.now = clock.now();
    const [after, effects] = transition(state, event, context, slices());
    if (after !== state && event.type !== 'pump') hasChanged = true;
    state = after;
    return effects;
  };
  /** Returns an event and those that were held before it, as soon as the machine can handle them. */
  const handleable = (event: Event): readonly Event[] => {
    if (held.length === 0 && canHandle(slices(), event)) return [event];
    const all = [...held, event];
    held = all.filter((each) => !canHandle(slices(), each));
    return held.length > 0 ? all.filter((each) => !held.includes(each)) : all;
  };
  return {
    state: () => state,
    handle(event) {
      events.push(...handleable(event));
      if (isRunning) return;
      isRunning = true;
      try {
        for (let next = events.shift(); next; next = events.shift())
          for (const effect of step(next)) perform(effect);
      } finally {
        isRunning = false;
      }
      const mustPump = hasChanged;
      hasChanged = false;
      handled(mustPump);
    },
    inspect(inspector) {
      const inner = step;
      let ended = false;
      const outer: Step = (event) => (ended ? inner(event) : inspector(event, inner));
      step = outer;
      return () => {
        ended = true;
        if (step === outer) step = inner;
      };
    },
  };
}
