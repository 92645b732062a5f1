// The way of a frame to the handler of its kind.
import type { ClientFrame } from '../../protocol/frames.js';
import { BrokerUnavailable } from '../broker/broker.js';
import { queueFrame } from '../delivery/queue-frame.js';
import type { Peer } from '../members/peer.js';
import { appendsSettled } from '../messages/pipelining.js';
import { askForResend } from '../messages/sequence.js';
import { traceOf } from '../observe/log.js';
import { thenMaybe, tryMaybe, type MaybePromise } from '../util/maybe-promise.js';
import { handleBroadcast } from './broadcast.js';
import type { FrameContext } from './context.js';
import { handleAuth, handleHello } from './hello.js';
import { handleHistory } from './history.js';
import { handleJoin, handleLeave } from './join.js';
import { handlePresence } from './presence.js';
import { refuseFrame } from './refuse-frame.js';
import { handleSend } from './send.js';

/** How long a client waits before it sends a message again that the broker could not take, in ms. */
const unavailablePauseMs = 1_000;

/** The broker cannot be asked: the client may try again, and keeps its connection. */
function refuseUnavailable(frame: ClientFrame, peer: Peer, { endMembership, settings }: FrameContext): void {
  if (frame.type !== 'join' && frame.type !== 'send' && frame.type !== 'history') return;
  const membership = frame.type === 'history' ? undefined : peer.memberships.get(frame.room);
  if (membership && frame.type === 'join') endMembership(membership, settings.presenceGrace);
  if (membership && frame.type === 'send') askForResend(membership);
  refuseFrame(peer, frame, {
    code: 'unavailable',
    reason: 'the server cannot be asked now',
    after: frame.type === 'send' ? unavailablePauseMs : null,
  });
}

/** Handles a frame. The connection ends if its handler throws, unless the broker was unavailable. */
export function dispatchFrame(frame: ClientFrame, peer: Peer, context: FrameContext): MaybePromise<void> {
  return tryMaybe(
    () => {
      if (frame.type === 'send') return handleSend(frame, peer, context);
      // Any other frame is answered after the messages before it.
      return thenMaybe(appendsSettled(peer), () =>
        peer.isEnded ? undefined : handleInTurn(frame, peer, context),
      );
    },
    (error) => {
      if (!(error instanceof BrokerUnavailable)) throw error;
      context.settings.logger.warn(traceOf(error.cause ?? error), 'the broker could not be asked');
      if (!peer.isEnded) refuseUnavailable(frame, peer, context);
    },
  );
}

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
      return handlePresence(frame, peer, context);
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
