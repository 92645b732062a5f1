// send: a durable message. Whether its number is the next, what becomes of it, and the answer.
import { closeCodes } from '../../protocol/codes.js';
import { authorizeTimeoutMs } from '../access/authorize.js';
import { inTime, TimedOut } from '../util/in-time.js';
import type { Refusal } from '../broker/broker.js';
import type { MessageOutcome } from './in-progress.js';
import { queueAck } from '../delivery/acks.js';
import { trackAppend, appendsSettled, canPipeline } from './pipelining.js';
import { thenMaybe, type MaybePromise } from '../util/maybe-promise.js';
import { notInTime, minPutOffMs, maxPutOffMs } from '../rooms/not-now.js';
import { queueFrame } from '../delivery/queue-frame.js';
import { identityOf, type Membership, type Peer } from '../members/peer.js';
import type { FrameContext } from './context.js';
import { askForResend } from './resend.js';
import { makeRefusal } from '../rooms/refusal.js';
import { chargeRefusal } from './refuse-frame.js';
import { acceptMessage, needsNoAppCode } from './append-message.js';
import { precedingSeq, type SendFrame } from './send-frame.js';

const queueNack = (
  peer: Peer,
  { room, seq }: SendFrame,
  { code, reason, details }: Refusal,
  after: number | null = null,
): void => {
  queueFrame(peer, { type: 'nack', room, seq, code, after, reason, details });
};

function askForGap(membership: Membership, frame: SendFrame): void {
  const { lastSeq } = membership;
  if (askForResend(membership))
    queueNack(membership.peer, frame, makeRefusal('gap', `seq ${lastSeq + 1} comes next`), lastSeq);
}

/** Twice as long each time, until a message of this member is settled. */
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
      return queueNack(peer, frame, outcome.refusal);
    case 'gap':
      membership.lastSeq = outcome.last;
      return askForGap(membership, frame);
    case 'conflict':
      return queueNack(peer, frame, makeRefusal('conflict', 'another message has this number'));
    case 'unavailable':
      // The client sends it again after a while. What it sent behind it is passed over until then, without a word.
      if (!askForResend(membership)) return;
      return queueNack(
        peer,
        frame,
        makeRefusal(outcome.why.notNow, outcome.why.reason),
        outcome.why.afterMs ?? nextPutOffMs(membership),
      );
    default:
      outcome satisfies never;
  }
}

/** Answers once the outcome is there, or that it is not there yet. */
async function answerWhenDone(
  membership: Membership,
  frame: SendFrame,
  outcome: Promise<MessageOutcome>,
  { setTimer }: FrameContext,
): Promise<void> {
  try {
    answerMessage(membership, frame, await inTime(outcome, authorizeTimeoutMs, setTimer));
  } catch (error) {
    if (error instanceof TimedOut)
      answerMessage(membership, frame, { status: 'unavailable', why: notInTime });
    else membership.peer.drop(closeCodes.internal, 'the server failed to handle a frame');
  }
}

/** Another number of this session is at work, of a connection that ended: that one first, or the handler would run for a message whose number turns out not to be the next. */
async function handleBehind(
  membership: Membership,
  frame: SendFrame,
  messageBefore: Promise<MessageOutcome>,
  context: FrameContext,
): Promise<void> {
  try {
    await inTime(messageBefore, authorizeTimeoutMs, context.setTimer);
  } catch (error) {
    if (error instanceof TimedOut)
      return answerMessage(membership, frame, { status: 'unavailable', why: notInTime });
  }
  if (!membership.peer.isEnded) await handleNext(membership, frame, context);
}

/** Once what is on its way is answered, it is known what comes next. */
async function handleAfterAppends(
  membership: Membership,
  frame: SendFrame,
  context: FrameContext,
): Promise<void> {
  await appendsSettled(membership.peer);
  if (!membership.peer.isEnded) await handleNext(membership, frame, context);
}

/** The number's turn has come. `ahead`: it follows one that is still on its way to the broker. */
function beginMessage(
  membership: Membership,
  frame: SendFrame,
  context: FrameContext,
  ahead: boolean,
): MaybePromise<void> {
  const { peer, room } = membership;
  if (peer.isEnded) return;
  const mayPipeline = needsNoAppCode(membership, frame, context);
  const outcome = acceptMessage(membership, frame, context, ahead);
  if (outcome === null) return handleAfterAppends(membership, frame, context);
  membership.resendAfter = null;
  if (!(outcome instanceof Promise)) return answerMessage(membership, frame, outcome);
  context.messagesInProgress.track(identityOf(peer).producer, room, {
    seq: frame.seq,
    id: frame.id,
    outcome,
  });
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
  const hasAppendsInFlight = newest && peer.appendsInFlight > 0 && membership.resendAfter === null;
  if (hasAppendsInFlight && precedingSeq(frame) === newest.seq && needsNoAppCode(membership, frame, context))
    return beginMessage(membership, frame, context, true);
  if (precedingSeq(frame) !== membership.lastSeq)
    return hasAppendsInFlight ? handleAfterAppends(membership, frame, context) : askForGap(membership, frame);
  if (newest) return handleBehind(membership, frame, newest.outcome, context);
  return beginMessage(membership, frame, context, false);
}

export function handleSend(frame: SendFrame, peer: Peer, context: FrameContext): MaybePromise<void> {
  const membership = peer.memberships.get(frame.room);
  if (!membership) return queueNack(peer, frame, makeRefusal('not-joined', 'join the room first'), 1_000);
  context.counters.messagesIn++;
  return handleNext(membership, frame, context);
}
