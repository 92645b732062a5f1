// A durable message on its way into the log: check, ask, run the room's handler, append or refuse. It belongs to the server, not to the connection that brought it.
import { allowed, asked, isAnswered, type Subject } from '../access/authorize.js';
import { BrokerUnavailable, type Refusal } from '../broker/broker.js';
import type { Outcome } from './in-progress.js';
import { caught, chain, type MaybePromise } from '../util/maybe-promise.js';
import { type Answer, late, type NotNow } from '../rooms/not-now.js';
import { isHere } from '../delivery/receiver.js';
import { identityOf, type Identity, type Membership } from '../members/peer.js';
import { readOnce } from '../rooms/lazy-parse.js';
import { refusal, remembered } from '../rooms/refusal.js';
import type { Services } from './context.js';
import { tooFastFor } from './refuse-frame.js';
import { afterThrow, handled, type Handled } from './run-handler.js';
import { followed, type Send } from './send-frame.js';

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
  if (!peer.ended) return isHere(membership) ? 'here' : 'out';
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
      if (stands === 'unavailable') return late;
      // Nobody asked whether it may still be in the room: it has no connection to be put out by.
      membership.verdicts = null;
      return chain(
        asked(membership, 'join', null, () => membership.presence, services),
        (answer) => (answer === 'yes' ? permitted(membership, frame, data, services) : answer),
      );
    },
  );
}

/** A message that the app's code puts off is always `unavailable`: it is for the server to say that its sender is too fast. */
const putOff = (it: NotNow): NotNow => ({ ...it, notNow: 'unavailable' });

/** The message as it goes into the log, or why it does not. */
function judged(
  membership: Membership,
  identity: Identity,
  frame: Send,
  services: Services,
): MaybePromise<Handled | Refusal | NotNow> {
  const { served, pace } = membership;
  const { handlings, steady } = services;
  return caught<Handled | Refusal | NotNow>(
    () => {
      const message = readOnce(served.contract, frame);
      return chain(
        permitted(membership, frame, () => message().data, services),
        (verdict) => {
          if (verdict === 'no') return refusal('rejected', 'not allowed');
          if (verdict !== 'yes') return putOff(verdict);
          const read = message();
          if (handlings.closed) return late;
          const wait = pace.take(membership, steady());
          if (wait > 0) return tooFastFor('send', { wait, rate: pace.rate });
          return handled(membership, identity, frame, read, services);
        },
      );
    },
    // Where it was told to stop, that says nothing about the message.
    (error) => {
      if (handlings.closed) return late;
      const it = afterThrow(error, membership, frame.message, services);
      return 'notNow' in it ? putOff(it) : it;
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
    if (outcome.status === 'gap' || services.settled(producer, room, seq)) return outcome;
    // Its session is not here any more, and may be at another node. That node has asked for the session since, unless nothing was known of it until now.
    services.rest(producer, room, followed(frame) === 0 ? 0 : steady() - membership.askedAt);
    return outcome;
  };
  const verdict = judged(membership, identity, frame, services);
  if (ahead && (verdict instanceof Promise || 'notNow' in verdict || 'code' in verdict)) return null;
  return chain(verdict, (it): MaybePromise<Outcome> => {
    if ('notNow' in it) return { status: 'unavailable', why: it };
    if ('code' in it)
      return chain(
        kept(() => broker.refuse(room, producer, seq, id, remembered(it)), services),
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
