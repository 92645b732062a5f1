// A durable message on its way into the log: check, ask, run the room's handler, append or refuse. It belongs to the server, not to the connection that brought it.
import { authorizeMember, askAuthorize, isAlreadyAllowed, type LazyData } from '../access/authorize.js';
import { BrokerUnavailable, type Refusal } from '../broker/broker.js';
import type { MessageOutcome } from './in-progress.js';
import { tryMaybe, thenMaybe, type MaybePromise } from '../util/maybe-promise.js';
import { type Answer, notInTime, type NotNow } from '../rooms/not-now.js';
import { isHere } from '../delivery/receiver.js';
import { identityOf, type Identity, type Membership } from '../members/peer.js';
import { parseLazily } from '../rooms/lazy-parse.js';
import { makeRefusal, refusalToKeep } from '../rooms/refusal.js';
import type { FrameContext } from './context.js';
import { tooFastFor } from './refuse-frame.js';
import { refusalAfterThrow, runHandler, type HandledMessage } from './run-handler.js';
import { precedingSeq, type SendFrame } from './send-frame.js';

/**
 * Whether a message whose `authorize` has answered goes on, by what became of its sender while it was asked.
 * `'again'`: its sender's connection is gone, and its rights changed
 * since. `'unavailable'`: its sender was ended, or its token is over. Nothing is settled then: where the
 * sender comes back, the message comes again, and is asked for anew.
 */
function senderStanding(
  membership: Membership,
  beganAt: ReturnType<FrameContext['revocations']['currentMoment']>,
  { revocations, now }: FrameContext,
): 'here' | 'out' | 'again' | 'unavailable' {
  const { peer } = membership;
  const { user } = identityOf(peer);
  if (!peer.isEnded) return isHere(membership) ? 'here' : 'out';
  if (peer.isRevoked) return 'unavailable';
  if (membership.isExpelled) return 'out';
  if (user && revocations.happenedSince(beganAt, 'disconnect', user.id)) return 'unavailable';
  if ((user?.expiresAt ?? Infinity) <= now()) return 'unavailable';
  return user && revocations.happenedSince(beganAt, 'reauthorize', user.id) ? 'again' : 'here';
}

/** Whether the sender may say it, when its handler begins. */
function askPermission(
  membership: Membership,
  frame: SendFrame,
  data: LazyData,
  context: FrameContext,
): MaybePromise<Answer> {
  const beganAt = context.revocations.currentMoment();
  return thenMaybe(
    authorizeMember(membership, 'send', frame.message, data, context),
    (verdict): MaybePromise<Answer> => {
      if (verdict !== 'yes') return verdict;
      const standing = senderStanding(membership, beganAt, context);
      if (standing === 'here') return 'yes';
      if (standing === 'out') return 'no';
      if (standing === 'unavailable') return notInTime;
      // Nobody asked whether it may still be in the room: it has no connection to be put out by.
      membership.cachedAnswers = null;
      return thenMaybe(
        askAuthorize(membership, 'join', null, () => membership.presence, context),
        (answer) => (answer === 'yes' ? askPermission(membership, frame, data, context) : answer),
      );
    },
  );
}

/** A message that the app's code puts off is always `unavailable`: it is for the server to say that its sender is too fast. */
const asUnavailable = (it: NotNow): NotNow => ({ ...it, notNow: 'unavailable' });

/** The message as it goes into the log, or why it does not. */
function judgeMessage(
  membership: Membership,
  identity: Identity,
  frame: SendFrame,
  context: FrameContext,
): MaybePromise<HandledMessage | Refusal | NotNow> {
  const { served, roomRate } = membership;
  const { messagesInProgress, monotonicNow } = context;
  return tryMaybe<HandledMessage | Refusal | NotNow>(
    () => {
      const message = parseLazily(served.contract, frame);
      return thenMaybe(
        askPermission(membership, frame, () => message().data, context),
        (verdict) => {
          if (verdict === 'no') return makeRefusal('rejected', 'not allowed');
          if (verdict !== 'yes') return asUnavailable(verdict);
          const read = message();
          if (messagesInProgress.isClosed) return notInTime;
          const wait = roomRate.take(membership, monotonicNow());
          if (wait > 0) return tooFastFor('send', { waitMs: wait, perSecond: roomRate.perSecond });
          return runHandler(membership, identity, frame, read, context);
        },
      );
    },
    // Where it was told to stop, that says nothing about the message.
    (error) => {
      if (messagesInProgress.isClosed) return notInTime;
      const it = refusalAfterThrow(error, membership, frame.message, context);
      return 'notNow' in it ? asUnavailable(it) : it;
    },
  );
}

/** How long until what cannot be kept now is tried again, in ms. */
const retryPauseMs = 500;

/** What the broker makes of it, once it can be asked: the handler has run, and does not run again for that. */
function retryWhileUnavailable<T>(call: () => MaybePromise<T>, context: FrameContext): MaybePromise<T> {
  const { setTimer, messagesInProgress } = context;
  const again = async (error: unknown): Promise<T> => {
    if (!(error instanceof BrokerUnavailable) || messagesInProgress.isClosed) throw error;
    await new Promise<void>((resolve) => {
      setTimer(retryPauseMs, resolve);
    });
    return retryWhileUnavailable(call, context);
  };
  const outcome = call();
  return outcome instanceof Promise ? outcome.catch(again) : outcome;
}

/**
 * Whether nothing is asked of the app for this message: then it may be given to the broker while the one before it is on its way there. Where that one turns out not to be
 * appended, neither is this one, and no handler ran for it.
 */
export const needsNoAppCode = (
  membership: Membership,
  { message }: SendFrame,
  context: FrameContext,
): boolean =>
  !membership.served.handlers.has(message) && isAlreadyAllowed(membership, 'send', message, context);

/**
 * Handles a message whose turn it is. By the time the outcome is there, the session's numbers have moved. `ahead`: the one before it is still on its way; null where it would be
 * refused then, since a refusal takes its number whatever becomes of the one before.
 */
export function acceptMessage(
  membership: Membership,
  frame: SendFrame,
  context: FrameContext,
  ahead: boolean,
): MaybePromise<MessageOutcome> | null {
  const { broker, meter, monotonicNow } = context;
  const { room, seq, id } = frame;
  const beganAt = monotonicNow();
  const identity = identityOf(membership.peer);
  const { producer, sender } = identity;
  const settled = (outcome: MessageOutcome): MessageOutcome => {
    if (outcome.status === 'gap' || context.recordSettled(producer, room, seq)) return outcome;
    // Its session is not here any more, and may be at another node. That node has asked for the session since, unless nothing was known of it until now.
    context.restProducer(
      producer,
      room,
      precedingSeq(frame) === 0 ? 0 : monotonicNow() - membership.watermarkAskedAt,
    );
    return outcome;
  };
  const verdict = judgeMessage(membership, identity, frame, context);
  if (ahead && (verdict instanceof Promise || 'notNow' in verdict || 'code' in verdict)) return null;
  return thenMaybe(verdict, (it): MaybePromise<MessageOutcome> => {
    if ('notNow' in it) return { status: 'unavailable', why: it };
    if ('code' in it)
      return thenMaybe(
        retryWhileUnavailable(() => broker.refuse(room, producer, seq, id, refusalToKeep(it)), context),
        () => settled({ status: 'refused', refusal: it }),
      );
    const { data, version, result } = it;
    const asked = monotonicNow();
    const appended = retryWhileUnavailable(
      () =>
        broker.append({
          room,
          producer,
          seq,
          id,
          follows: precedingSeq(frame),
          sender,
          type: frame.message,
          version,
          data,
          result,
          log: membership.served.log,
        }),
      context,
    );
    return thenMaybe(appended, (receipt) => {
      const now = monotonicNow();
      meter.appendAnswered(now - asked);
      if (receipt.status === 'ok') meter.messageAcknowledged(now - beganAt);
      return settled(receipt.status === 'ok' ? { ...receipt, result } : receipt);
    });
  });
}
