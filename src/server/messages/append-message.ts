// A durable message on its way into the log: check it, ask `authorize`, run the room's handler, append or refuse. It
// belongs to the server, and goes on if the connection that brought it ends.
import { askAuthorize, authorizeMember, isAlreadyAllowed, type LazyData } from '../access/authorize.js';
import type { RevocationMoment } from '../access/revocations.js';
import { BrokerUnavailable, type Refusal } from '../broker/broker.js';
import { isHere } from '../delivery/receiver.js';
import { identityOf, type Identity, type Membership } from '../members/peer.js';
import { parseLazily } from '../rooms/lazy-parse.js';
import { notInTime, type Answer, type NotNow } from '../rooms/not-now.js';
import { makeRefusal, refusalToKeep } from '../rooms/refusal.js';
import { tooFast } from '../rooms/too-fast.js';
import { thenMaybe, tryMaybe, type MaybePromise } from '../util/maybe-promise.js';
import type { MessageContext } from './context.js';
import type { MessageOutcome } from './in-progress.js';
import { refusalAfterThrow, runHandler, type HandledMessage } from './run-handler.js';
import { precedingSeq, type SendFrame } from './sequence.js';

/**
 * What became of the sender while `authorize` was asked.
 *
 * - `here`: the message goes on.
 * - `out`: the sender is not in the room any more.
 * - `again`: its connection is gone, and its rights changed since.
 * - `unavailable`: the server ended the sender, or its token expired. Nothing is settled: if the sender comes back, it
 *   sends the message again, and `authorize` is asked again.
 */
type SenderStanding = 'here' | 'out' | 'again' | 'unavailable';

function standingOf(
  membership: Membership,
  momentBefore: RevocationMoment,
  { revocations, now }: MessageContext,
): SenderStanding {
  const { peer } = membership;
  const { user } = identityOf(peer);
  if (!peer.isEnded) return isHere(membership) ? 'here' : 'out';
  if (peer.isRevoked) return 'unavailable';
  if (membership.isExpelled) return 'out';
  if (user && revocations.happenedSince(momentBefore, 'disconnect', user.id)) return 'unavailable';
  if ((user?.expiresAt ?? Infinity) <= now()) return 'unavailable';
  return user && revocations.happenedSince(momentBefore, 'reauthorize', user.id) ? 'again' : 'here';
}

/** Asks whether the sender may send the message, as of the moment when its handler begins. */
function askPermission(
  membership: Membership,
  frame: SendFrame,
  data: LazyData,
  context: MessageContext,
): MaybePromise<Answer> {
  const momentBefore = context.revocations.currentMoment();
  return thenMaybe(
    authorizeMember(membership, 'send', frame.message, data, context),
    (answer): MaybePromise<Answer> => {
      if (answer !== 'yes') return answer;
      const standing = standingOf(membership, momentBefore, context);
      if (standing === 'here') return 'yes';
      if (standing === 'out') return 'no';
      if (standing === 'unavailable') return notInTime;
      // T30: the reauthorization passed this sender by, since it has no connection. Ask here whether it may be
      // in the room.
      membership.cachedAnswers = null;
      return thenMaybe(
        askAuthorize(membership, 'join', null, () => membership.presence, context),
        (joinAnswer) => (joinAnswer === 'yes' ? askPermission(membership, frame, data, context) : joinAnswer),
      );
    },
  );
}

/** A message that the app's code puts off is `unavailable`: only the server says that a sender is too fast. */
const asUnavailable = (notNow: NotNow): NotNow => ({ ...notNow, notNow: 'unavailable' });

/** The message as it goes into the log, or why it does not. */
function judgeMessage(
  membership: Membership,
  identity: Identity,
  frame: SendFrame,
  context: MessageContext,
): MaybePromise<HandledMessage | Refusal | NotNow> {
  const { served, roomRate } = membership;
  const { messagesInProgress, monotonicNow } = context;
  return tryMaybe<HandledMessage | Refusal | NotNow>(
    () => {
      const message = parseLazily(served.contract, frame);
      return thenMaybe(
        askPermission(membership, frame, () => message().data, context),
        (answer) => {
          if (answer === 'no') return makeRefusal('rejected', 'not allowed');
          if (answer !== 'yes') return asUnavailable(answer);
          const parsed = message();
          if (messagesInProgress.isClosed) return notInTime;
          const waitMs = roomRate.take(membership, monotonicNow());
          if (waitMs > 0) return tooFast('send', { waitMs, perSecond: roomRate.perSecond });
          return runHandler(membership, identity, frame, parsed, context);
        },
      );
    },
    (error) => {
      // A handler that was told to stop says nothing about the message.
      if (messagesInProgress.isClosed) return notInTime;
      const refusal = refusalAfterThrow(error, membership, frame.message, context);
      return 'notNow' in refusal ? asUnavailable(refusal) : refusal;
    },
  );
}

/** How long the server waits before it asks an unavailable broker again, in ms. */
const retryPauseMs = 500;

/** Asks the broker until it can be asked. The handler has run, and must not run again because the broker was away. */
function retryWhileUnavailable<T>(call: () => MaybePromise<T>, context: MessageContext): MaybePromise<T> {
  const { setTimer, messagesInProgress } = context;
  const tryAgain = async (error: unknown): Promise<T> => {
    if (!(error instanceof BrokerUnavailable) || messagesInProgress.isClosed) throw error;
    await new Promise<void>((resolve) => {
      setTimer(retryPauseMs, resolve);
    });
    return retryWhileUnavailable(call, context);
  };
  const answer = call();
  return answer instanceof Promise ? answer.catch(tryAgain) : answer;
}

/**
 * Whether the app is asked nothing about this message. The server may then append it while the message before it is
 * on its way to the broker: if that one is not appended, this one is not either, and no handler ran for it.
 */
export const needsNoAppCode = (
  membership: Membership,
  { message }: SendFrame,
  context: MessageContext,
): boolean =>
  !membership.served.handlers.has(message) && isAlreadyAllowed(membership, 'send', message, context);

/** Notes an outcome at the session's connection, whichever it is by now. */
function recordOutcome(
  membership: Membership,
  frame: SendFrame,
  outcome: MessageOutcome,
  context: MessageContext,
): MessageOutcome {
  const { producer } = identityOf(membership.peer);
  const { room, seq } = frame;
  if (outcome.status === 'gap' || context.recordSettled(producer, room, seq)) return outcome;
  // T41: the session may have moved.
  // 1. A message of the session is being handled here.
  // 2. The session moves to another node, which asks the broker for its watermark.
  // 3. The message is appended. The session is in use there, unless the broker knew nothing of it until now.
  const agoMs = precedingSeq(frame) === 0 ? 0 : context.monotonicNow() - membership.watermarkAskedAt;
  context.restProducer(producer, room, agoMs);
  return outcome;
}

function appendMessage(
  membership: Membership,
  { producer, sender }: Identity,
  frame: SendFrame,
  { data, version, result }: HandledMessage,
  beganAt: number,
  context: MessageContext,
): MaybePromise<MessageOutcome> {
  const { broker, meter, monotonicNow } = context;
  const askedAt = monotonicNow();
  const appended = retryWhileUnavailable(
    () =>
      broker.append({
        room: frame.room,
        producer,
        seq: frame.seq,
        id: frame.id,
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
    meter.appendAnswered(now - askedAt);
    if (receipt.status === 'ok') meter.messageAcknowledged(now - beganAt);
    const outcome = receipt.status === 'ok' ? { ...receipt, result } : receipt;
    return recordOutcome(membership, frame, outcome, context);
  });
}

/**
 * Handles a message whose turn it is. Once the outcome is there, the session's numbers have moved on.
 *
 * @param isAhead Whether the message before it is still on its way. The result is null then if this message would be
 *   refused: a refusal takes its seq, which is wrong if the message before it is not appended after all.
 */
export function acceptMessage(
  membership: Membership,
  frame: SendFrame,
  context: MessageContext,
  isAhead: boolean,
): MaybePromise<MessageOutcome> | null {
  const beganAt = context.monotonicNow();
  const identity = identityOf(membership.peer);
  const verdict = judgeMessage(membership, identity, frame, context);
  if (isAhead && (verdict instanceof Promise || 'notNow' in verdict || 'code' in verdict)) return null;
  return thenMaybe(verdict, (judged): MaybePromise<MessageOutcome> => {
    if ('notNow' in judged) return { status: 'unavailable', why: judged };
    if (!('code' in judged)) return appendMessage(membership, identity, frame, judged, beganAt, context);
    const { room, seq, id } = frame;
    return thenMaybe(
      retryWhileUnavailable(
        () => context.broker.refuse(room, identity.producer, seq, id, refusalToKeep(judged)),
        context,
      ),
      () => recordOutcome(membership, frame, { status: 'refused', refusal: judged }, context),
    );
  });
}
