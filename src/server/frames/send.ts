// send: a durable message. Whether its number is the next, what becomes of it, and the answer.
import { authorizeTimeoutMs } from '../access/authorize.js';
import { inTime, TimedOut } from '../util/in-time.js';
import type { Refusal } from '../broker/broker.js';
import type { Outcome } from './in-progress.js';
import { acknowledge } from '../delivery/acks.js';
import { fly, landing, mayFly } from './pipelining.js';
import { chain, type MaybePromise } from '../util/maybe-promise.js';
import { late, leastPutOffMs, mostPutOffMs } from '../rooms/not-now.js';
import { queueFrame } from '../delivery/queue-frame.js';
import { identityOf, type Membership, type Peer } from '../members/peer.js';
import type { Services } from './context.js';
import { refusal } from '../rooms/refusal.js';
import { chargeRefusal } from './refuse-frame.js';
import { accept, isPlain } from './append-message.js';
import { followed, type Send } from './send-frame.js';

const nack = (
  peer: Peer,
  { room, seq }: Send,
  { code, reason, details }: Refusal,
  after: number | null = null,
): void => {
  queueFrame(peer, { type: 'nack', room, seq, code, after, reason, details });
};

function gap(membership: Membership, frame: Send, last: number): void {
  if (membership.gapped && membership.told === last) return;
  membership.gapped = true;
  membership.told = last;
  nack(membership.peer, frame, refusal('gap', `seq ${last + 1} comes next`), last);
}

/** Twice as long each time, until a message of this member is settled. */
const putOffFor = (membership: Membership): number =>
  Math.min(mostPutOffMs, leastPutOffMs * 2 ** membership.putOffs++);

function answer(membership: Membership, frame: Send, outcome: Outcome): void {
  const { peer } = membership;
  if (peer.ended) return;
  if (outcome.status !== 'unavailable') membership.putOffs = 0;
  switch (outcome.status) {
    case 'ok':
    case 'duplicate':
      return acknowledge(peer, frame.room, outcome.epoch, [
        frame.seq,
        outcome.offset,
        outcome.timestamp,
        outcome.status === 'duplicate',
        outcome.result ?? null,
        outcome.tag ?? null,
      ]);
    case 'refused':
      chargeRefusal(peer);
      return nack(peer, frame, outcome.refusal);
    case 'gap':
      membership.last = outcome.last;
      return gap(membership, frame, outcome.last);
    case 'conflict':
      return nack(peer, frame, refusal('conflict', 'another message has this number'));
    case 'unavailable':
      // The client sends it again after a while. What it sent behind it is passed over until then, without a word.
      if (membership.gapped && membership.told === membership.last) return;
      membership.gapped = true;
      membership.told = membership.last;
      return nack(
        peer,
        frame,
        refusal(outcome.why.notNow, outcome.why.reason),
        outcome.why.afterMs ?? putOffFor(membership),
      );
    default:
      outcome satisfies never;
  }
}

/** Answers once the outcome is there, or that it is not there yet. */
async function wait(
  membership: Membership,
  frame: Send,
  outcome: Promise<Outcome>,
  { after }: Services,
): Promise<void> {
  try {
    answer(membership, frame, await inTime(outcome, authorizeTimeoutMs, after));
  } catch (error) {
    if (error instanceof TimedOut) answer(membership, frame, { status: 'unavailable', why: late });
    else membership.peer.drop(1011, 'the server failed to handle a frame');
  }
}

/** Another number of this session is at work, of a connection that ended: that one first, or the handler would run for a message whose number turns out not to be the next. */
async function queue(
  membership: Membership,
  frame: Send,
  before: Promise<Outcome>,
  services: Services,
): Promise<void> {
  try {
    await inTime(before, authorizeTimeoutMs, services.after);
  } catch (error) {
    if (error instanceof TimedOut) return answer(membership, frame, { status: 'unavailable', why: late });
  }
  if (!membership.peer.ended) await next(membership, frame, services);
}

/** Once what is on its way is answered, it is known what comes next. */
async function afterLanding(membership: Membership, frame: Send, services: Services): Promise<void> {
  await landing(membership.peer);
  if (!membership.peer.ended) await next(membership, frame, services);
}

/** The number's turn has come. `ahead`: it follows one that is still on its way to the broker. */
function begin(membership: Membership, frame: Send, services: Services, ahead: boolean): MaybePromise<void> {
  const { peer, room } = membership;
  if (peer.ended) return;
  const plain = isPlain(membership, frame, services);
  const outcome = accept(membership, frame, services, ahead);
  if (outcome === null) return afterLanding(membership, frame, services);
  membership.gapped = false;
  if (!(outcome instanceof Promise)) return answer(membership, frame, outcome);
  services.handlings.keep(identityOf(peer).producer, room, { seq: frame.seq, id: frame.id, outcome });
  const answered = wait(membership, frame, outcome, services);
  if (!plain || !mayFly(peer)) return answered;
  fly(peer, frame, answered);
}

function next(membership: Membership, frame: Send, services: Services): MaybePromise<void> {
  const { peer } = membership;
  const { producer } = identityOf(peer);
  const { broker, handlings } = services;
  const same = handlings.find(producer, frame.room, frame.seq);
  if (same) {
    if (same.id !== frame.id) return answer(membership, frame, { status: 'conflict' });
    membership.gapped = false;
    return wait(membership, frame, same.outcome, services);
  }
  if (frame.seq <= membership.last) {
    return chain(broker.recall(frame.room, producer, frame.seq, frame.id), (known) =>
      known ? answer(membership, frame, known) : begin(membership, frame, services, false),
    );
  }
  const running = handlings.newest(producer, frame.room);
  const flying = running && peer.flying > 0 && !membership.gapped;
  if (flying && followed(frame) === running.seq && isPlain(membership, frame, services))
    return begin(membership, frame, services, true);
  if (followed(frame) !== membership.last)
    return flying ? afterLanding(membership, frame, services) : gap(membership, frame, membership.last);
  if (running) return queue(membership, frame, running.outcome, services);
  return begin(membership, frame, services, false);
}

export function send(frame: Send, peer: Peer, services: Services): MaybePromise<void> {
  const membership = peer.memberships.get(frame.room);
  if (!membership) return nack(peer, frame, refusal('not-joined', 'join the room first'), 1_000);
  services.counts.messagesIn++;
  return next(membership, frame, services);
}
