// A `ws` connection as the core's transport. The same message goes to many connections: it is framed once, and each gets one write of the same bytes.
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Encoded } from '../../../protocol/codec.js';
import { closeCodes } from '../../../protocol/codes.js';
import type { Transport } from '../../ports/ports.js';

/** A whole unmasked message as RFC 6455 §5.2 frames it. `ws` would write header and body apart: two buffers a member. */
function frameMessage(data: Encoded): Buffer {
  const length = typeof data === 'string' ? Buffer.byteLength(data) : data.length;
  const head = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(head + length);
  frame[0] = typeof data === 'string' ? 0x81 : 0x82;
  if (head === 2) frame[1] = length;
  else if (head === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  if (typeof data === 'string') frame.write(data, head);
  else frame.set(data, head);
  return frame;
}

/** Closed for what they sent, of which more may come. */
const abuseCodes: ReadonlySet<number> = new Set([
  closeCodes['too-big'],
  closeCodes['bad-frame'],
  closeCodes['rate-limited'],
]);

const emptyPing = Buffer.from([0x89, 0]);

let lastData: Encoded = '';
let lastFrame = frameMessage(lastData);

// A class, for the sake of ten thousand idle connections: see ../lane.ts.
class WsTransport implements Transport {
  private readonly socket: WebSocket;
  private readonly stream: Duplex;

  constructor(socket: WebSocket, stream: Duplex) {
    this.socket = socket;
    this.stream = stream;
  }

  send(data: Encoded): void {
    if (this.socket.readyState !== this.socket.OPEN) return;
    if (data !== lastData) {
      lastFrame = frameMessage(data);
      lastData = data;
    }
    this.stream.write(lastFrame);
  }

  close(code: number, reason: string): void {
    this.socket.close(code, reason);
    // Nothing arrives from this client any more, so that its answer to the close will not arrive either. A
    // browser tells its page of a
    // close once the connection is over: it must not wait until `ws` gives the answer up, which takes 30 s.
    if (code === closeCodes.silent) this.stream.end();
    if (!abuseCodes.has(code)) return;
    // What still comes is dropped as it is, unread: `ws` would go through all of it until the other end closes. That may wait for ours.
    this.stream.removeAllListeners('data').resume();
    this.stream.end();
  }

  terminate(): void {
    this.socket.terminate();
  }

  ping(message: Encoded): void {
    if (this.socket.readyState === this.socket.OPEN)
      this.stream.write(Buffer.concat([emptyPing, frameMessage(message)]));
  }

  buffered(): number {
    return this.stream.writableLength;
  }
}

/** @param stream what `socket` speaks over. Without compression `ws` writes each of its own frames to it at once and whole, so ours fall between them. */
export function wsTransport(socket: WebSocket, stream: Duplex): Transport {
  return new WsTransport(socket, stream);
}
