// A `ws` connection as the core's transport. A message for many connections is framed once, and each
// connection gets one write of the same bytes.
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Encoded } from '../../../protocol/codec.js';
import { closeCodes } from '../../../protocol/codes.js';
import type { Transport } from '../../ports/ports.js';

/**
 * Frames a whole message without a mask, by RFC 6455 §5.2. `ws` would write header and body apart, which is
 * two buffers for each member.
 */
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

/** Codes for clients that sent too much, and may go on sending. */
const abuseCodes: ReadonlySet<number> = new Set([
  closeCodes['too-big'],
  closeCodes['bad-frame'],
  closeCodes['rate-limited'],
]);

const emptyPing = Buffer.from([0x89, 0]);

let lastData: Encoded = '';
let lastFrame = frameMessage(lastData);

// A class, because ten thousand idle connections have one each: see connection/frame-queue.ts.
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
    // Nothing arrives from this client, so its answer to the close will not arrive either. The stream is
    // ended at once: a browser tells its page of a close only when the connection is over, and `ws` would
    // wait 30 s for the answer.
    if (code === closeCodes.silent) this.stream.end();
    if (!abuseCodes.has(code)) return;
    // What still arrives is dropped unread. Otherwise `ws` would parse all of it until the other end closes,
    // which may wait for this end.
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

/**
 * @param stream The stream under `socket`. Without compression, `ws` writes each of its own frames to it at
 * once and whole, so that frames written here fall between them.
 */
export function wsTransport(socket: WebSocket, stream: Duplex): Transport {
  return new WsTransport(socket, stream);
}
