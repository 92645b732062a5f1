// A WebSocket of the server, which tells the core its events. One read may bring ten thousand pings and pongs
// of WebSocket itself: they are counted together, and the newest ping is answered, as RFC 6455 §5.5.3 allows.
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

/** `ws` must not answer its pings (`autoPong: false`). */
export class ServedSocket extends WebSocket {
  /** The core's side of the connection. */
  events: TransportEvents | null = null;
  /** The open sockets of the server, of which it is one until it closes. */
  openSockets: Set<ServedSocket> | null = null;
  /** The pings and pongs of this turn of the event loop. */
  controlCount = 0;
  /** The data of the newest ping that was not answered. */
  unansweredPing: Buffer | null = null;
  /** Whether an answer waits to be written. At most one does, even if the client reads little. */
  isAnswering = false;

  /**
   * The socket handles its own events: a table of listeners would take a quarter of a kilobyte for each of
   * ten thousand idle connections.
   */
  override emit(event: string | symbol, first?: unknown, second?: unknown): boolean {
    switch (event) {
      case 'message':
        this.events?.message(second === true ? bytesOf(first as RawData) : textOf(first as RawData));
        return true;
      case 'ping':
        this.unansweredPing = first as Buffer;
        countControl(this);
        return true;
      case 'pong':
        countControl(this);
        return true;
      case 'close':
        this.openSockets?.delete(this);
        this.events?.closed(first as number);
        return true;
      case 'error':
        // A malformed frame must not end the process. The close that follows tells the core.
        return true;
      default:
        return super.emit(event, first, second);
    }
  }
}

const countedSockets: ServedSocket[] = [];

function answerPing(socket: ServedSocket): void {
  const { unansweredPing } = socket;
  if (!unansweredPing || socket.isAnswering || socket.readyState !== socket.OPEN) return;
  socket.unansweredPing = null;
  socket.isAnswering = true;
  socket.pong(unansweredPing, false, () => {
    socket.isAnswering = false;
    answerPing(socket);
  });
}

function reportControls(): void {
  for (const socket of countedSockets.splice(0)) {
    const { controlCount, unansweredPing } = socket;
    socket.controlCount = 0;
    socket.events?.control(controlCount);
    // A copy: the data may wait, and would keep the whole read buffer in memory.
    if (unansweredPing) socket.unansweredPing = Buffer.from(unansweredPing);
    answerPing(socket);
  }
}

function countControl(socket: ServedSocket): void {
  if (socket.controlCount++ === 0 && countedSockets.push(socket) === 1) process.nextTick(reportControls);
}
