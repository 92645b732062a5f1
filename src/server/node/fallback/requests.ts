// Some of the requests of an HTTP server that belongs to the app.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';

type RequestListener = (this: Server, request: IncomingMessage, response: ServerResponse) => void;

/**
 * Asks `answer` first. A request that it leaves alone goes to the listeners that were there before. Later
 * listeners hear every request. Returns a function that restores the listeners.
 */
export function serveRequests(
  http: Server,
  answer: (request: IncomingMessage, response: ServerResponse) => boolean,
): () => void {
  const others = http.listeners('request') as RequestListener[];
  const first = (request: IncomingMessage, response: ServerResponse): void => {
    if (answer(request, response)) return;
    for (const other of others) other.call(http, request, response);
  };
  http.removeAllListeners('request').on('request', first);
  return () => {
    if (!http.listeners('request').includes(first)) return;
    http.off('request', first);
    const later = http.listeners('request') as RequestListener[];
    http.removeAllListeners('request');
    for (const listener of [...others, ...later]) http.on('request', listener);
  };
}
