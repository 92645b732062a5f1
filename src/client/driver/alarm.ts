// Wakes the machine at its next deadline, with one timer.
import type { Clock } from '../edge/clock.js';

/** Returns a function that sets the moment at which `ring` is called; Infinity means never. */
export function createAlarm(clock: Clock, ring: () => void): (moment: number) => void {
  let armedFor = Infinity;
  let disarm = (): void => undefined;
  return (moment) => {
    // Each frame of the server moves a deadline away. An alarm that rings early costs less than one that is set anew
    // for each frame.
    if (moment === armedFor || (moment > armedFor && moment < Infinity)) return;
    disarm();
    armedFor = moment;
    disarm =
      moment === Infinity
        ? () => undefined
        : clock.after(moment - clock.now(), () => {
            armedFor = Infinity;
            ring();
          });
  };
}
