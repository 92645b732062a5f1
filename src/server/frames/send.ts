// send: a durable message. The server decides whether its seq is the next one, handles it, and answers.
import { closeCodes } from '../../protocol/codes.js';
import { authorizeTimeoutMs } from '../access/authorize.js';
import { queueAck } from '../delivery/acks.js';
import { identityOf, type Membership, type Peer } from '../members/peer.js';
import { acceptMessage, needsNoAppCode } from '../messages/append-message.js';
import type { MessageOutcome } from '../messages/in-progress.js';
import { appendsSettled, canPipeline, trackAppend } from '../messages/pipelining.js';
import { askForResend, precedingSeq, type SendFrame } from '../messages/sequence.js';
import { maxPutOffMs, minPutOffMs, notInTime } from '../rooms/not-now.js';
import { inTime, TimedOut } from '../util/in-time.js';
import { thenMaybe, type MaybePromise } from '../util/maybe-promise.js';
import type { FrameContext } from './context.js';
import { chargeRefusal, refuseFrame, refuseNotJoined } from './refuse-frame.js';

/** How long a client waits before it sends a message again to a room that it is not in, in ms. */
const notJoinedPauseMs = 1_000;

const unavailable: MessageOutcome = { status: 'unavailable', why: notInTime };

function refuseGap(membership: Membership, frame: SendFrame): void {
  const { lastSeq, peer } = membership;
  if (!askForResend(membership)) return;
  refuseFrame(peer, frame, { code: 'gap', reason: `seq ${lastSeq + 1} comes next`, after: lastSeq });
}

/** For how long a message is put off: twice as long each time, until a message of this member is settled. */
const nextPutOffMs = (membership: Membership): number =>
  Math.min(maxPutOffMs, minPutOffMs * 2 ** membership.putOffCount++);

function answerMessage(membership: Membership, frame: SendFrame, outcome: MessageOutcome): void {
  const { peer } = membership;
  if (peer.isEnded) return;
  if (outcome.status !== 'unavailable') membership.putOffCount = 0;
  switch (outcome.status) {
    case 'ok':
    case 'duplicate':
      return queueAck(peer, frame.room, outcome.epoch, [
        frame.seq,
        outcome.offset,
        outcome.timestamp,
        outcome.status === 'duplicate',
        outcome.result ?? null,
        outcome.tag ?? null,
      ]);
    case 'refused':
      chargeRefusal(peer);
      return refuseFrame(peer, frame, outcome.refusal);
    case 'gap':
      membership.lastSeq = outcome.last;
      return refuseGap(membership, frame);
    case 'conflict':
      return refuseFrame(peer, frame, { code: 'conflict', reason: 'another message has this number' });
    case 'unavailable': {
      // The client sends the message again after a while. Messages behind it are passed over until then.
      if (!askForResend(membership)) return;
      const { notNow, reason, afterMs } = outcome.why;
      const after = afterMs ?? nextPutOffMs(membership);
      return refuseFrame(peer, frame, { code: notNow, reason, after });
    }
    default:
      outcome satisfies never;
  }
}

/** Answers once the outcome is there, or after a while that it is not there yet. */
async function answerWhenDone(
  membership: Membership,
  frame: SendFrame,
  outcome: Promise<MessageOutcome>,
  { setTimer }: FrameContext,
): Promise<void> {
  try {
    answerMessage(membership, frame, await inTime(outcome, authorizeTimeoutMs, setTimer));
  } catch (error) {
    if (error instanceof TimedOut) answerMessage(membership, frame, unavailable);
    else membership.peer.drop(closeCodes.internal, 'the server failed to handle a frame');
  }
}

/**
 * Handles a message once an earlier one of the session has its outcome (P28).
 *
 * 1. The client sends 16, and its connection breaks while 16 is being handled.
 * 2. It reconnects and sends 17.
 * 3. If the log does not take 16, 17 is not the next one, and its handler must not run.
 */
async function handleBehind(
  membership: Membership,
  frame: SendFrame,
  messageBefore: Promise<MessageOutcome>,
  context: FrameContext,
): Promise<void> {
  try {
    await inTime(messageBefore, authorizeTimeoutMs, context.setTimer);
  } catch (error) {
    if (error instanceof TimedOut) return answerMessage(membership, frame, unavailable);
  }
  if (!membership.peer.isEnded) await handleNext(membership, frame, context);
}

/** Handles a message once the messages in flight are answered: only then is it known which seq comes next. */
async function handleAfterAppends(
  membership: Membership,
  frame: SendFrame,
  context: FrameContext,
): Promise<void> {
  await appendsSettled(membership.peer);
  if (!membership.peer.isEnded) await handleNext(membership, frame, context);
}

/** Handles a message whose turn has come. `isAhead`: it follows one that is still on its way to the broker. */
function beginMessage(
  membership: Membership,
  frame: SendFrame,
  context: FrameContext,
  isAhead: boolean,
): MaybePromise<void> {
  const { peer, room } = membership;
  if (peer.isEnded) return;
  const mayPipeline = needsNoAppCode(membership, frame, context);
  const outcome = acceptMessage(membership, frame, context, isAhead);
  if (outcome === null) return handleAfterAppends(membership, frame, context);
  membership.resendAfter = null;
  if (!(outcome instanceof Promise)) return answerMessage(membership, frame, outcome);
  const message = { seq: frame.seq, id: frame.id, outcome };
  context.messagesInProgress.track(identityOf(peer).producer, room, message);
  const whenAnswered = answerWhenDone(membership, frame, outcome, context);
  if (!mayPipeline || !canPipeline(peer)) return whenAnswered;
  trackAppend(peer, frame, whenAnswered);
}

function handleNext(membership: Membership, frame: SendFrame, context: FrameContext): MaybePromise<void> {
  const { peer } = membership;
  const { producer } = identityOf(peer);
  const { broker, messagesInProgress } = context;
  const sameMessage = messagesInProgress.find(producer, frame.room, frame.seq);
  if (sameMessage) {
    if (sameMessage.id !== frame.id) return answerMessage(membership, frame, { status: 'conflict' });
    membership.resendAfter = null;
    return answerWhenDone(membership, frame, sameMessage.outcome, context);
  }
  if (frame.seq <= membership.lastSeq) {
    return thenMaybe(broker.recall(frame.room, producer, frame.seq, frame.id), (known) =>
      known ? answerMessage(membership, frame, known) : beginMessage(membership, frame, context, false),
    );
  }
  const newest = messagesInProgress.newest(producer, frame.room);
  const pipelined = peer.appendsInFlight > 0 && membership.resendAfter === null ? newest : undefined;
  if (pipelined && precedingSeq(frame) === pipelined.seq && needsNoAppCode(membership, frame, context))
    return beginMessage(membership, frame, context, true);
  if (precedingSeq(frame) !== membership.lastSeq)
    return pipelined ? handleAfterAppends(membership, frame, context) : refuseGap(membership, frame);
  if (newest) return handleBehind(membership, frame, newest.outcome, context);
  return beginMessage(membership, frame, context, false);
}

export function handleSend(frame: SendFrame, peer: Peer, context: FrameContext): MaybePromise<void> {
  const membership = peer.memberships.get(frame.room);
  if (!membership) return refuseNotJoined(peer, frame, notJoinedPauseMs);
  context.counters.messagesIn++;
  return handleNext(membership, frame, context);
}
