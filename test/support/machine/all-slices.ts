// The machine with all of its slices, as it is once the code of the connection is there.
import { deadline as deadlineOf } from '../../../src/client/machine/deadline.js';
import type { Context } from '../../../src/client/machine/model/context.js';
import type { Event } from '../../../src/client/machine/model/events.js';
import type { State } from '../../../src/client/machine/model/state.js';
import { allSlices } from '../../../src/client/machine/slices.live.js';
import { transition as transitionOf } from '../../../src/client/machine/transition.js';

export const transition = (state: State, event: Event, context: Context): ReturnType<typeof transitionOf> =>
  transitionOf(state, event, context, allSlices);

export const deadline = (state: State): number => deadlineOf(state, allSlices);
