// Which handler a frame goes to.
import type { ClientFrame } from '../../protocol/frames.js';
import { BrokerUnavailable } from '../broker/broker.js';
import { handleAuth, handleHello } from './hello.js';
import { handleJoin, handleLeave } from './join.js';
import { handleSend } from './send.js';
import { handleBroadcast } from './broadcast.js';
import { handleHistory } from './history.js';
import { presence } from './presence.js';
import { appendsSettled } from './pipelining.js';
import { traceOf } from '../observe/log.js';
import { tryMaybe, thenMaybe, type MaybePromise } from '../util/maybe-promise.js';
import { queueFrame } from '../delivery/queue-frame.js';
import type { Peer } from '../members/peer.js';
import type { FrameContext } from './context.js';
import { askForResend } from './resend.js';

/** What keeps rooms cannot be asked: the client may try again, and no connection ends for it. */
function refuseUnavailable(frame: ClientFrame, peer: Peer, { endMembership, settings }: FrameContext): void {
  const reason = 'the server cannot be asked now';
  switch (frame.type) {
    case 'join': {
      const membership = peer.memberships.get(frame.room);
      if (membership) endMembership(membership, settings.presenceGrace);
      return queueFrame(peer, { type: 'error', ref: frame.room, code: 'unavailable', reason });
    }
    case 'send': {
      const membership = peer.memberships.get(frame.room);
      if (membership) askForResend(membership);
      return queueFrame(peer, {
        type: 'nack',
        room: frame.room,
        seq: frame.seq,
        code: 'unavailable',
        after: 1_000,
        reason,
        details: null,
      });
    }
    case 'history':
      return queueFrame(peer, { type: 'error', ref: frame.ref, code: 'unavailable', reason });
    default:
      return undefined;
  }
}

export function dispatchFrame(frame: ClientFrame, peer: Peer, context: FrameContext): MaybePromise<void> {
  return tryMaybe(
    () =>
      frame.type === 'send'
        ? handleSend(frame, peer, context)
        : thenMaybe(appendsSettled(peer), () =>
            peer.isEnded ? undefined : handleInTurn(frame, peer, context),
          ),
    (error) => {
      if (!(error instanceof BrokerUnavailable)) throw error;
      context.settings.logger.warn(traceOf(error.cause ?? error), 'the broker could not be asked');
      if (!peer.isEnded) refuseUnavailable(frame, peer, context);
    },
  );
}

/** Anything but a message comes after the answers to those before it. */
function handleInTurn(
  frame: Exclude<ClientFrame, { type: 'send' }>,
  peer: Peer,
  context: FrameContext,
): MaybePromise<void> {
  switch (frame.type) {
    case 'hello':
      return handleHello(frame, peer, context);
    case 'auth':
      return handleAuth(frame, peer, context);
    case 'join':
      return handleJoin(frame, peer, context);
    case 'leave':
      return handleLeave(frame, peer, context);
    case 'broadcast':
      return handleBroadcast(frame, peer, context);
    case 'presence':
      return presence(frame, peer, context);
    case 'history':
      return handleHistory(frame, peer, context);
    case 'ping':
      return queueFrame(peer, { type: 'pong', time: frame.time, spread: context.reconnectSpreadMs() });
    case 'pong':
      return undefined;
    default:
      return frame satisfies never;
  }
}
