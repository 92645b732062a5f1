// A `ws` connection as the core's transport. The same message goes to many connections: it is turned to bytes once.
import type { WebSocket } from 'ws';
import type { Encoded } from '../../protocol/codec.js';
import type { Transport } from '../ports.js';

let lastText = '';
let lastBytes: Buffer = Buffer.alloc(0);

function bytesOf(data: Encoded): Buffer | Uint8Array {
  if (typeof data !== 'string') return data;
  if (data !== lastText) {
    lastText = data;
    lastBytes = Buffer.from(data);
  }
  return lastBytes;
}

const binary = { binary: true };
const text = { binary: false };

export function wsTransport(socket: WebSocket): Transport {
  return {
    send(data) {
      if (socket.readyState === socket.OPEN) socket.send(bytesOf(data), typeof data === 'string' ? text : binary);
    },
    close(code, reason) {
      socket.close(code, reason.slice(0, 120));
    },
    terminate() {
      socket.terminate();
    },
    ping() {
      if (socket.readyState === socket.OPEN) socket.ping();
    },
    buffered: () => socket.bufferedAmount,
  };
}
