// A durable message on its way into the log: check, ask, run the room's handler, append or refuse. It belongs to the server, not to the connection that brought it.
import { readMessage, versionOf, type Validated } from '../../contract/validate.js';
import { RealtimeError } from '../../protocol/error.js';
import type { ClientFrame } from '../../protocol/frames.js';
import { checkPayload } from '../../protocol/payload.js';
import { allowed, asked, isAnswered, type Subject } from '../ask.js';
import { BrokerUnavailable, type Refusal } from '../broker.js';
import type { Outcome } from '../handlings.js';
import { traceOf } from '../log.js';
import { adopt, caught, chain } from '../maybe.js';
import { identityOf, isHere, type Answer, type Identity, type Membership } from '../peer.js';
import type { MaybePromise } from '../ports.js';
import { readOnce } from '../read-once.js';
import { isMistaken, isPutOff, refusal, refusalOf } from '../refusal.js';
import type { IncomingMessage, ServedRoom } from '../serve.js';
import type { Services } from '../services.js';

export type Send = Extract<ClientFrame, { type: 'send' }>;

/** The number that must be the last one known, for this one to come next. */
export const followed = ({ follows, seq }: Send): number => follows ?? seq - 1;

/** What a room's handler throws by calling `reject`. */
class Rejected extends Error {
  readonly details: unknown;
  constructor(reason: string, details: unknown) {
    super(reason);
    this.details = details;
  }
}

/** What a handler threw, where that says neither "not now" nor why it refuses. */
class HandlerFailed extends Error {}

/** What a handler throws to say "not now". */
class PutOff extends Error {}

function fromHandler(error: unknown): never {
  if (isPutOff(error)) throw new PutOff('the handler cannot handle it now');
  throw isMistaken(error) ? new HandlerFailed('the handler failed', { cause: error }) : error;
}

interface Handled {
  readonly data: unknown;
  readonly version: number;
  readonly result: unknown;
}

function reject(reason: string, details?: unknown): never {
  checkPayload(details, 'the details');
  throw new Rejected(reason, details);
}

/** Whether what a handler left fits the contract. A schema that does not take what it makes itself, since it transforms, can say nothing of it. */
function fits({ contract }: ServedRoom, { message: type, version, data }: Send, left: unknown): boolean {
  const reading = (from: number, it: unknown): Validated | null => {
    try {
      return readMessage(contract, type, from, it);
    } catch {
      return null;
    }
  };
  const newest = versionOf(contract, type);
  if (reading(newest, left)) return true;
  // Null where the handler wrote into what arrived, and spoilt it.
  const made = reading(version, data);
  return made !== null && !reading(newest, made.data);
}

/** Runs the room's handler, if there is one. */
function handled(
  { served, params, room }: Membership,
  { user, member }: Identity,
  frame: Send,
  data: unknown,
  version: number,
  { handlings }: Services,
): MaybePromise<Handled> {
  const handler = served.handlers.get(frame.message);
  if (!handler) return { data, version, result: null };
  const message: IncomingMessage = {
    id: frame.id,
    key: `${member}/${frame.id}`,
    room,
    type: frame.message,
    data,
    replayed: frame.replayed === true,
  };
  const running = caught<unknown>(
    () =>
      handlings.run((term) =>
        adopt(
          handler(message, {
            user,
            params,
            member,
            reject,
            get signal() {
              return term.signal;
            },
          }),
        ),
      ),
    fromHandler,
  );
  return chain(running, (result) => {
    // A handler may have changed it in place.
    checkPayload(message.data);
    checkPayload(result, 'the result');
    if (!fits(served, frame, message.data))
      throw new TypeError('what the handler left does not fit its contract');
    return { data: message.data, version, result };
  });
}

/**
 * Whether a message whose `authorize` has answered goes on, by what became of its sender while it was asked.
 * `'again'`: its sender's connection is gone, and its rights changed
 * since. `'unavailable'`: its sender was ended, or its token is over. Nothing is settled then: where the
 * sender comes back, the message comes again, and is asked for anew.
 */
function standing(
  membership: Membership,
  began: ReturnType<Services['revocations']['now']>,
  { revocations, now }: Services,
): 'here' | 'out' | 'again' | 'unavailable' {
  const { peer } = membership;
  const { user } = identityOf(peer);
  if (!peer.lane.ended) return isHere(membership) ? 'here' : 'out';
  if (peer.revoked) return 'unavailable';
  if (membership.expelled) return 'out';
  if (user && revocations.since(began, 'disconnect', user.id)) return 'unavailable';
  if ((user?.expiresAt ?? Infinity) <= now()) return 'unavailable';
  return user && revocations.since(began, 'reauthorize', user.id) ? 'again' : 'here';
}

/** Whether the sender may say it, when its handler begins. */
function permitted(
  membership: Membership,
  frame: Send,
  data: Subject,
  services: Services,
): MaybePromise<Answer> {
  const began = services.revocations.now();
  return chain(
    allowed(membership, 'send', frame.message, data, services),
    (verdict): MaybePromise<Answer> => {
      if (verdict !== 'yes') return verdict;
      const stands = standing(membership, began, services);
      if (stands === 'here') return 'yes';
      if (stands === 'out') return 'no';
      if (stands === 'unavailable') return 'unavailable';
      // Nobody asked whether it may still be in the room: it has no connection to be put out by.
      membership.verdicts = null;
      return chain(
        asked(membership, 'join', null, () => membership.presence, services),
        (answer) => (answer === 'yes' ? permitted(membership, frame, data, services) : answer),
      );
    },
  );
}

/** The message as it goes into the log, or why it does not. */
function judged(
  membership: Membership,
  identity: Identity,
  frame: Send,
  services: Services,
): MaybePromise<Handled | Refusal | 'unavailable' | 'put off'> {
  const { served, room } = membership;
  const { handlings, settings } = services;
  return caught<Handled | Refusal | 'unavailable' | 'put off'>(
    () => {
      const message = readOnce(served.contract, frame);
      return chain(
        permitted(membership, frame, () => message().data, services),
        (verdict) => {
          if (verdict === 'no') return refusal('rejected', 'not allowed');
          if (verdict === 'unavailable') return 'unavailable';
          const { data, version } = message();
          return handlings.closed
            ? 'unavailable'
            : handled(membership, identity, frame, data, version, services);
        },
      );
    },
    (error) => {
      // It was told to stop: that says nothing about the message.
      if (handlings.closed) return 'unavailable';
      if (error instanceof PutOff) return 'put off';
      if (error instanceof RealtimeError) return refusalOf(error);
      if (error instanceof Rejected) return refusal('rejected', error.message, error.details);
      settings.logger.error(
        { room, type: frame.message, ...traceOf(error instanceof HandlerFailed ? error.cause : error) },
        'a message handler threw',
      );
      return refusal('rejected', 'the server failed to handle it');
    },
  );
}

/** How long until what cannot be kept now is tried again, in ms. */
const pause = 500;

/** What the broker makes of it, once it can be asked: the handler has run, and does not run again for that. */
function kept<T>(call: () => MaybePromise<T>, services: Services): MaybePromise<T> {
  const { after, handlings } = services;
  const again = async (error: unknown): Promise<T> => {
    if (!(error instanceof BrokerUnavailable) || handlings.closed) throw error;
    await new Promise<void>((resolve) => {
      after(pause, resolve);
    });
    return kept(call, services);
  };
  const outcome = call();
  return outcome instanceof Promise ? outcome.catch(again) : outcome;
}

/**
 * Whether nothing is asked of the app for this message: then it may be given to the broker while the one before it is on its way there. Where that one turns out not to be
 * appended, neither is this one, and no handler ran for it.
 */
export const isPlain = (membership: Membership, { message }: Send, services: Services): boolean =>
  !membership.served.handlers.has(message) && isAnswered(membership, 'send', message, services);

/**
 * Handles a message whose turn it is. By the time the outcome is there, the session's numbers have moved. `ahead`: the one before it is still on its way; null where it would be
 * refused then, since a refusal takes its number whatever becomes of the one before.
 */
export function accept(
  membership: Membership,
  frame: Send,
  services: Services,
  ahead: boolean,
): MaybePromise<Outcome> | null {
  const { broker, meter, steady } = services;
  const { room, seq, id } = frame;
  const began = steady();
  const identity = identityOf(membership.peer);
  const { producer, sender } = identity;
  const settled = (outcome: Outcome): Outcome => {
    if (outcome.status !== 'gap' && !services.settled(producer, room, seq)) services.rest(producer, room, 0);
    return outcome;
  };
  const verdict = judged(membership, identity, frame, services);
  if (ahead && (verdict instanceof Promise || typeof verdict === 'string' || 'code' in verdict)) return null;
  return chain(verdict, (it): MaybePromise<Outcome> => {
    if (it === 'unavailable') return { status: 'unavailable' };
    if (it === 'put off') return { status: 'unavailable', isPutOff: true };
    if ('code' in it)
      return chain(
        kept(() => broker.refuse(room, producer, seq, id, it), services),
        () => settled({ status: 'refused', refusal: it }),
      );
    const { data, version, result } = it;
    const asked = steady();
    const appended = kept(
      () =>
        broker.append({
          room,
          producer,
          seq,
          id,
          follows: followed(frame),
          sender,
          type: frame.message,
          version,
          data,
          result,
          log: membership.served.log,
        }),
      services,
    );
    return chain(appended, (receipt) => {
      const now = steady();
      meter.appended(now - asked);
      if (receipt.status === 'ok') meter.acknowledged(now - began);
      return settled(receipt.status === 'ok' ? { ...receipt, result } : receipt);
    });
  });
}
