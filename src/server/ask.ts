// Questions to the user's code: in time, and with a clear answer whatever it does.
import { adopt, caught, chain } from './maybe.js';
import type { MaybePromise, ServerPorts } from './ports.js';
import type { Action } from './serve.js';
import type { Membership } from './peer.js';
import type { Settings } from './options.js';

/** How long the user's code may take, in ms. */
export const patience = 10_000;

/** The question took too long. */
export class TooLate extends Error {
  override readonly name = 'TooLate';
}

/** `answer`, or {@link TooLate} after ten seconds. */
export function inTime<T>(answer: MaybePromise<T>, after: ServerPorts['after']): MaybePromise<T> {
  const adopted = adopt(answer);
  if (!(adopted instanceof Promise)) return adopted;
  return new Promise((resolve, reject) => {
    const cancel = after(patience, () => {
      reject(new TooLate('no answer in time'));
    });
    adopted.then(resolve, reject).finally(cancel);
  });
}

export type Answer = 'yes' | 'no' | 'unavailable';

/** Asks the room's `authorize`. One that throws is a no, and logged; one that is late is `unavailable`. */
export function allowed(
  { served, params, room, peer }: Pick<Membership, 'served' | 'params' | 'room' | 'peer'>,
  action: Action,
  type: string | null,
  data: unknown,
  { after, settings }: { readonly after: ServerPorts['after']; readonly settings: Settings },
): MaybePromise<Answer> {
  const { authorize } = served;
  if (!authorize) return 'yes';
  return caught<Answer>(() => chain(inTime(authorize({ action, user: peer.identity?.user ?? null, room, params, type, data }), after), (answer) => (answer === true ? 'yes' : 'no')), (error) => {
    const late = error instanceof TooLate;
    settings.logger.error({ room, action, late, error: error instanceof Error ? error.name : typeof error }, late ? 'authorize did not answer in time' : 'authorize threw');
    return late ? 'unavailable' : 'no';
  });
}
