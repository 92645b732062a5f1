// A WebSocket of the server's: whom it tells, and what becomes of WebSocket's own pings and pongs. One read may bring ten thousand of them: they are counted together, and the newest ping is answered, as RFC 6455 §5.5.3 allows.
import { WebSocket } from 'ws';
import type { TransportEvents } from '../ports.js';

/** It knows whom to tell: so its listeners are the same for all, and ten thousand idle ones have none of their own. */
export class ServedSocket extends WebSocket {
  events: TransportEvents | null = null;
  /** Pings and pongs of this turn. */
  controls = 0;
  /** What the newest ping holds that was not answered. */
  asked: Buffer | null = null;
  /** Whether an answer waits to be written: one does at most, however little is read. */
  isAnswering = false;
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

function onPing(this: WebSocket, data: Buffer): void {
  (this as ServedSocket).asked = data;
  count(this as ServedSocket);
}

function onPong(this: WebSocket): void {
  count(this as ServedSocket);
}

/** Tells `events` of its pings and pongs, and answers the pings: `ws` is not to (`autoPong: false`). */
export function serveControls(socket: ServedSocket): void {
  socket.on('ping', onPing);
  socket.on('pong', onPong);
}
