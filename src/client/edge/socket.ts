// One WebSocket attempt by way of partysocket, which is told never to retry, queue or time out: the machine alone decides when there is a next one.
import ReconnectingWebSocket, { CloseEvent as MadeUpClose } from 'partysocket/ws';
import { cutToBytes } from '../../protocol/bytes.js';
import { maxCloseReason } from '../../protocol/limits.js';
import type { Connect } from './link.js';

/** Far above the machine's own `connectTimeout`, so that only one of the two ever acts. */
const never = 2 ** 31 - 1;

const isMadeUp = (event: unknown): boolean => event instanceof MadeUpClose;

/** @param WebSocket the constructor to use where there is no global one, such as that of `ws`. */
export function webSocketConnect(WebSocket?: unknown): Connect {
  return (url, protocols, events) => {
    let ended = false;
    const end = (code: number, reason: string): void => {
      if (ended) return;
      ended = true;
      events.closed(code, reason);
    };
    const constructor = WebSocket ?? globalThis.WebSocket;
    if (!constructor) throw new Error('no WebSocket here: pass one as the option WebSocket');
    const socket = new ReconnectingWebSocket(url, [...protocols], {
      maxRetries: 0,
      maxEnqueuedMessages: 0,
      connectionTimeout: never,
      WebSocket: constructor,
    });
    socket.binaryType = 'arraybuffer';
    // Only the on* properties: in browsers partysocket's clones of its own events reach addEventListener broken.
    socket.onopen = () => {
      if (!ended) events.opened(socket.protocol);
    };
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (!ended) events.message(typeof data === 'string' ? data : new Uint8Array(data));
    };
    // A failed attempt is reported as a close 1000 of partysocket's own making: it was 1006.
    socket.onclose = (event) => {
      end(isMadeUp(event) ? 1006 : event.code, isMadeUp(event) ? '' : event.reason);
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
        // Browsers take 1000 and 3000 to 4999 only, and throw at a longer reason. Ours are all ASCII.
        socket.close(code === 1000 || code >= 3000 ? code : 1000, cutToBytes(reason, maxCloseReason));
      },
    };
  };
}
