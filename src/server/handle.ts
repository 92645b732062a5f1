// Which handler a frame goes to.
import type { ClientFrame } from '../protocol/frames.js';
import { auth, hello } from './handlers/hello.js';
import { join, leave } from './handlers/join.js';
import { send } from './handlers/send.js';
import { broadcast, history, presence } from './handlers/volatile.js';
import { tell, type Peer } from './peer.js';
import type { Services } from './services.js';

export function handle(frame: ClientFrame, peer: Peer, services: Services): void | Promise<void> {
  switch (frame.type) {
    case 'hello':
      return hello(frame, peer, services);
    case 'auth':
      return auth(frame, peer, services);
    case 'join':
      return join(frame, peer, services);
    case 'leave':
      return leave(frame, peer, services);
    case 'send':
      return send(frame, peer, services);
    case 'broadcast':
      return broadcast(frame, peer, services);
    case 'presence':
      return presence(frame, peer, services);
    case 'history':
      return history(frame, peer, services);
    case 'ping':
      return tell(peer, { type: 'pong', time: frame.time });
    case 'pong':
      return undefined;
    default:
      return frame satisfies never;
  }
}
