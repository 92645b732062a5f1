// A member of a room that does as little as a member can: it reads raw bytes, so that what is measured is the server.
import { connect, type Socket } from 'node:net';
import { upgradeHead } from '../network/raw-connection.js';
import { opcodes, readFrames, textFrame } from '../network/websocket-frames.js';

/** The clock of all processes of this machine, in ms. */
export const machineTime = (): number => Number(process.hrtime.bigint() / 1_000n) / 1_000;

export interface RoomReader {
  readonly socket: Socket;
  say(...frames: readonly (readonly unknown[])[]): void;
}

/** Says hello and joins the room. `heard`: the frames of each message, as bytes that are good until the call returns. */
export function roomReader(
  port: number,
  name: string,
  room: string,
  heard: (message: Buffer) => void,
): RoomReader {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  socket.on('error', () => undefined);
  const say = (...frames: readonly (readonly unknown[])[]): void => {
    socket.write(textFrame(frames.map((it) => JSON.stringify(it)).join('\n')));
  };
  socket.write(upgradeHead());
  say([1, `session-of-${name}-in-private`, 'i', name, false, 'raw'], [2, room, null, 0, null]);
  const read = readFrames((opcode, payload) => {
    if (opcode === opcodes.text) heard(payload);
  });
  let start: Buffer | null = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    if (!start) return read(chunk);
    start = Buffer.concat([start, chunk]);
    const end = start.indexOf('\r\n\r\n');
    if (end < 0) return;
    const rest = start.subarray(end + 4);
    start = null;
    read(rest);
  });
  return { socket, say };
}
