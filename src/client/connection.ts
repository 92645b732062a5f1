// The code of a connection, which is loaded as one piece: sockets, codecs, and the slices that read frames.
import { attemptsBy, type MakeAttempts } from './attempts.js';
import { withFallback } from './edge/fallback.js';
import { webSocketConnect } from './edge/socket.js';

/**
 * Makes attempts over WebSocket, and over HTTP where WebSocket is blocked.
 *
 * @param now the clock, in ms
 */
export const connectionOver =
  (now: () => number): MakeAttempts =>
  (host) => {
    const { WebSocket, fallback } = host.options;
    const socket = webSocketConnect(WebSocket);
    const connect =
      fallback === false
        ? socket
        : withFallback(socket, async () => (await import('./edge/look.js')).lookingFor(socket, now));
    return attemptsBy(connect)(host);
  };
