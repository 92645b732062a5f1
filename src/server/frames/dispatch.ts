// Which handler a frame goes to.
import type { ClientFrame } from '../../protocol/frames.js';
import { BrokerUnavailable } from '../broker/broker.js';
import { auth, hello } from './hello.js';
import { join, leave } from './join.js';
import { send } from './send.js';
import { broadcast } from './broadcast.js';
import { history } from './history.js';
import { presence } from './presence.js';
import { landing } from './pipelining.js';
import { traceOf } from '../observe/log.js';
import { caught, chain, type MaybePromise } from '../util/maybe-promise.js';
import { queueFrame } from '../delivery/queue-frame.js';
import type { Peer } from '../members/peer.js';
import type { Services } from './context.js';

/** What keeps rooms cannot be asked: the client may try again, and no connection ends for it. */
function away(frame: ClientFrame, peer: Peer, { depart, settings }: Services): void {
  const reason = 'the server cannot be asked now';
  switch (frame.type) {
    case 'join': {
      const membership = peer.memberships.get(frame.room);
      if (membership) depart(membership, settings.presenceGrace);
      return queueFrame(peer, { type: 'error', ref: frame.room, code: 'unavailable', reason });
    }
    case 'send': {
      const membership = peer.memberships.get(frame.room);
      if (membership) Object.assign(membership, { gapped: true, told: membership.last });
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

export function handle(frame: ClientFrame, peer: Peer, services: Services): MaybePromise<void> {
  return caught(
    () =>
      frame.type === 'send'
        ? send(frame, peer, services)
        : chain(landing(peer), () => (peer.ended ? undefined : handlerOf(frame, peer, services))),
    (error) => {
      if (!(error instanceof BrokerUnavailable)) throw error;
      services.settings.logger.warn(traceOf(error.cause ?? error), 'the broker could not be asked');
      if (!peer.ended) away(frame, peer, services);
    },
  );
}

/** Anything but a message comes after the answers to those before it. */
function handlerOf(
  frame: Exclude<ClientFrame, { type: 'send' }>,
  peer: Peer,
  services: Services,
): MaybePromise<void> {
  switch (frame.type) {
    case 'hello':
      return hello(frame, peer, services);
    case 'auth':
      return auth(frame, peer, services);
    case 'join':
      return join(frame, peer, services);
    case 'leave':
      return leave(frame, peer, services);
    case 'broadcast':
      return broadcast(frame, peer, services);
    case 'presence':
      return presence(frame, peer, services);
    case 'history':
      return history(frame, peer, services);
    case 'ping':
      return queueFrame(peer, { type: 'pong', time: frame.time, spread: services.spread() });
    case 'pong':
      return undefined;
    default:
      return frame satisfies never;
  }
}
