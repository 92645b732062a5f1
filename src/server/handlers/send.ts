// send: a durable message. Check, ask, run the room's handler, append, answer.
import { readMessage } from '../../contract/validate.js';
import type { ClientFrame } from '../../protocol/frames.js';
import { RealtimeError } from '../../protocol/error.js';
import { checkPayload } from '../../protocol/payload.js';
import { allowed, inTime, TooLate } from '../ask.js';
import type { Appended, Refusal } from '../broker.js';
import { identityOf, tell, type Membership, type Peer } from '../peer.js';
import type { IncomingMessage } from '../serve.js';
import type { Services } from '../services.js';

type Send = Extract<ClientFrame, { type: 'send' }>;

/** What a room's handler throws by calling `reject`. */
class Rejected extends Error {
  readonly details: unknown;
  constructor(reason: string, details: unknown) {
    super(reason);
    this.details = details;
  }
}

const refusal = (code: string, reason: string, details: unknown = null): Refusal => ({ code, reason, details });

const nack = (peer: Peer, { room, seq }: Send, { code, reason, details }: Refusal, after: number | null = null): void => {
  tell(peer, { type: 'nack', room, seq, code, after, reason, details });
};

/** Not now: the client sends it again after a while. What it sent behind it is passed over until then. */
function notNow(membership: Membership, frame: Send, code: string, reason: string, after: number): void {
  membership.gapped = true;
  nack(membership.peer, frame, refusal(code, reason), after);
}

function gap(membership: Membership, frame: Send, last: number): void {
  if (membership.gapped) return;
  membership.gapped = true;
  nack(membership.peer, frame, refusal('gap', `seq ${last + 1} comes next`), last);
}

function answer(membership: Membership, frame: Send, appended: Appended, result: unknown): void {
  const { peer } = membership;
  switch (appended.status) {
    case 'ok':
      membership.last = frame.seq;
      return tell(peer, { type: 'ack', room: frame.room, epoch: appended.epoch, receipts: [[frame.seq, appended.offset, appended.timestamp, false, result ?? null]] });
    case 'duplicate':
      return tell(peer, { type: 'ack', room: frame.room, epoch: appended.epoch, receipts: [[frame.seq, appended.offset, appended.timestamp, true, appended.result ?? null]] });
    case 'refused':
      return nack(peer, frame, appended.refusal);
    case 'gap':
      return gap(membership, frame, appended.last);
    case 'conflict':
      return nack(peer, frame, refusal('conflict', 'another message has this number'));
    default:
      appended satisfies never;
  }
}

interface Handled {
  readonly data: unknown;
  readonly version: number;
  readonly result: unknown;
}

/** The message as it goes into the log, or why it does not. */
async function handle(membership: Membership, frame: Send, services: Services): Promise<Handled | Refusal | 'late'> {
  const { served, params, room, peer } = membership;
  const { user, member } = identityOf(peer);
  try {
    checkPayload(frame.data);
    const { data, version } = readMessage(served.contract, frame.message, frame.version, frame.data);
    checkPayload(data);
    const verdict = await allowed(membership, 'send', frame.message, data, services);
    if (verdict !== 'yes') return verdict === 'no' ? refusal('rejected', 'not allowed') : 'late';
    const handler = served.handlers.get(frame.message);
    if (!handler) return { data, version, result: null };
    const message: IncomingMessage = { id: frame.id, room, type: frame.message, data };
    const reject = (reason: string, details?: unknown): never => {
      checkPayload(details, 'the details');
      throw new Rejected(reason, details);
    };
    const result: unknown = await inTime(handler(message, { user, params, member, reject, signal: peer.lane.signal }) as unknown, services.after);
    // A handler may have changed it in place.
    checkPayload(message.data);
    checkPayload(result, 'the result');
    return { data: message.data, version, result };
  } catch (error) {
    if (error instanceof Rejected) return refusal('rejected', error.message, error.details ?? null);
    if (error instanceof TooLate) return 'late';
    if (error instanceof RealtimeError) return refusal(error.code, error.message, error.details ?? null);
    services.settings.logger.error({ room, type: frame.message, error: error instanceof Error ? error.name : typeof error, message: error instanceof Error ? error.message : '' }, 'a message handler threw');
    return refusal('rejected', 'the server failed to handle it');
  }
}

export async function send(frame: Send, peer: Peer, services: Services): Promise<void> {
  const { broker } = services;
  const membership = peer.memberships.get(frame.room);
  if (!membership) return nack(peer, frame, refusal('not-joined', 'join the room first'), 1_000);
  const { producer, sender } = identityOf(peer);
  services.counts.messagesIn++;

  if (frame.seq <= membership.last) {
    const known = await broker.recall(frame.room, producer, frame.seq, frame.id);
    if (known) return answer(membership, frame, known, null);
  }
  if (frame.seq > membership.last + 1 && frame.restart !== true) return gap(membership, frame, membership.last);
  membership.gapped = false;

  const handled = await handle(membership, frame, services);
  if (peer.lane.signal.aborted) return;
  if (handled === 'late') return notNow(membership, frame, 'unavailable', 'the server could not answer in time', 1_000);
  if ('code' in handled) {
    await broker.refuse(frame.room, producer, frame.seq, frame.id, handled);
    membership.last = frame.seq;
    return nack(peer, frame, handled);
  }
  const appended = broker.append({
    room: frame.room,
    producer,
    seq: frame.seq,
    id: frame.id,
    restart: frame.restart === true,
    sender,
    type: frame.message,
    version: handled.version,
    data: handled.data,
    result: handled.result,
    log: membership.served.log,
  });
  answer(membership, frame, appended instanceof Promise ? await appended : appended, handled.result);
}
