// A WebSocket of the server's, which tells the core what it hears. One read may bring ten thousand pings and pongs of WebSocket itself: they are counted together, and the newest ping is answered, as RFC 6455 §5.5.3 allows.
import { WebSocket, type RawData } from 'ws';
import type { TransportEvents } from '../../ports/ports.js';

function bytesOf(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}

function textOf(data: RawData): string {
  return (
    Array.isArray(data) ? Buffer.concat(data) : data instanceof ArrayBuffer ? Buffer.from(data) : data
  ).toString('utf8');
}

/** `ws` is not to answer its pings (`autoPong: false`). */
export class ServedSocket extends WebSocket {
  /** Whom it tells. */
  events: TransportEvents | null = null;
  /** The open ones, of which it is one until it closes. */
  among: Set<ServedSocket> | null = null;
  /** Pings and pongs of this turn. */
  controls = 0;
  /** What the newest ping holds that was not answered. */
  asked: Buffer | null = null;
  /** Whether an answer waits to be written: one does at most, however little is read. */
  isAnswering = false;

  /** It hears itself: a table of listeners would be a quarter of a kilobyte for each of ten thousand idle connections. */
  override emit(event: string | symbol, first?: unknown, second?: unknown): boolean {
    switch (event) {
      case 'message':
        this.events?.message(second === true ? bytesOf(first as RawData) : textOf(first as RawData));
        return true;
      case 'ping':
        this.asked = first as Buffer;
        count(this);
        return true;
      case 'pong':
        count(this);
        return true;
      case 'close':
        this.among?.delete(this);
        this.events?.closed(first as number);
        return true;
      case 'error':
        // One bad frame is no end of the process. The close that follows tells the core.
        return true;
      default:
        return super.emit(event, first, second);
    }
  }
}

const due: ServedSocket[] = [];

function answer(socket: ServedSocket): void {
  const { asked } = socket;
  if (!asked || socket.isAnswering || socket.readyState !== socket.OPEN) return;
  socket.asked = null;
  socket.isAnswering = true;
  socket.pong(asked, false, () => {
    socket.isAnswering = false;
    answer(socket);
  });
}

function settle(): void {
  for (const socket of due.splice(0)) {
    const { controls, asked } = socket;
    socket.controls = 0;
    socket.events?.control(controls);
    // It may wait, and would hold all that was read with it.
    if (asked) socket.asked = Buffer.from(asked);
    answer(socket);
  }
}

function count(socket: ServedSocket): void {
  if (socket.controls++ === 0 && due.push(socket) === 1) process.nextTick(settle);
}
