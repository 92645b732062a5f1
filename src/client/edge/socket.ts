// A link over WebSocket, made with partysocket. It never retries, queues or times out: the machine decides when there
// is another attempt.
import ReconnectingWebSocket, { CloseEvent as LocalCloseEvent } from 'partysocket/ws';
import { cutToBytes } from '../../protocol/bytes.js';
import { maxCloseReason } from '../../protocol/limits.js';
import type { Connect } from './link.js';

/** Longer than any `connectTimeout` of the machine, in ms, so that only the machine gives an attempt up. */
const connectionTimeoutMs = 2 ** 31 - 1;

/** Tells if partysocket made the event itself. The browser did not close anything then. */
const isLocalClose = (event: unknown): boolean => event instanceof LocalCloseEvent;

/** @param WebSocket the constructor where there is no global one, such as that of `ws` */
export function webSocketConnect(WebSocket?: unknown): Connect {
  return (url, protocols, events) => {
    let ended = false;
    const end = (code: number, reason: string): void => {
      if (ended) return;
      ended = true;
      events.closed(code, reason);
    };
    const constructor = WebSocket ?? globalThis.WebSocket;
    if (!constructor)
      throw new Error('there is no global WebSocket: pass a constructor as the option WebSocket');
    const socket = new ReconnectingWebSocket(url, [...protocols], {
      maxRetries: 0,
      maxEnqueuedMessages: 0,
      connectionTimeout: connectionTimeoutMs,
      WebSocket: constructor,
    });
    socket.binaryType = 'arraybuffer';
    // In browsers, addEventListener of partysocket gets broken clones of its own events. The on* properties do not.
    socket.onopen = () => {
      if (!ended) events.opened(socket.protocol);
    };
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (!ended) events.message(typeof data === 'string' ? data : new Uint8Array(data));
    };
    // For a failed attempt partysocket makes an event with code 1000. The real code is 1006.
    socket.onclose = (event) => {
      end(isLocalClose(event) ? 1006 : event.code, isLocalClose(event) ? '' : event.reason);
    };
    socket.onerror = (event) => {
      end(1006, event.message);
    };
    return {
      transport: 'websocket',
      send(data) {
        socket.send(data as string | Uint8Array<ArrayBuffer>);
      },
      close(code, reason) {
        ended = true;
        // Browsers take the codes 1000 and 3000 to 4999 only, and throw for a reason that is too long.
        socket.close(code === 1000 || code >= 3000 ? code : 1000, cutToBytes(reason, maxCloseReason));
      },
    };
  };
}
