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
  openSockets: Set<ServedSocket> | null = null;
  /** Pings and pongs of this turn. */
  controlCount = 0;
  /** What the newest ping holds that was not answered. */
  unansweredPing: Buffer | null = null;
  /** Whether an answer waits to be written: one does at most, however little is read. */
  isAnswering = false;

  /** It hears itself: a table of listeners would be a quarter of a kilobyte for each of ten thousand idle connections. */
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
        // One bad frame is no end of the process. The close that follows tells the core.
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
    // It may wait, and would hold all that was read with it.
    if (unansweredPing) socket.unansweredPing = Buffer.from(unansweredPing);
    answerPing(socket);
  }
}

function countControl(socket: ServedSocket): void {
  if (socket.controlCount++ === 0 && countedSockets.push(socket) === 1) process.nextTick(reportControls);
}
