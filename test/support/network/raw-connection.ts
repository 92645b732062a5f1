// A TCP connection that speaks WebSocket byte by byte, and says exactly how it ended.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { closeFrame, opcodes, readFrames, textFrame } from './websocket-frames.js';

/** `code`: that of the server's close frame, 1005 where it has none; null where the connection was cut without one. */
export interface Ending {
  readonly code: number | null;
  readonly reason: string;
  /** By `performance.now()`. */
  readonly at: number;
}

export interface RawConnection {
  readonly socket: Socket;
  /** The head of the server's response; empty where there was none before the end. */
  readonly head: Promise<string>;
  /** Resolves once the server has said that it closes, or has ended without a word. */
  readonly closed: Promise<Ending>;
  /** Resolves once the server has ended its side, or cut both. */
  readonly ended: Promise<Ending>;
  /** The texts that were heard, in order; of binary messages, their bytes as latin1. */
  readonly heard: readonly string[];
  /** Resolves with the first text that has this part, even if it came already; rejects where the connection ends before. */
  hears(part: string): Promise<string>;
  write(bytes: Uint8Array | string): void;
  /** Frames of Roomful, as one text message. */
  say(...frames: readonly (readonly unknown[])[]): void;
}

export interface RawOptions {
  readonly port: number;
  /** Default 127.0.0.1; another one of 127.0.0.0/8 has ports of its own. */
  readonly from?: string;
  /** Whether a close is answered with a close, as it should be. Default true. */
  readonly answers?: boolean;
  /** Whether our side stays open when the server ends its own. Default false. */
  readonly halfOpen?: boolean;
}

export interface UpgradeOptions {
  readonly path?: string;
  readonly protocol?: string;
  /** More lines of the head. */
  readonly lines?: readonly string[];
}

export const upgradeHead = ({
  path = '/realtime',
  protocol = 'roomful.v1.json',
  lines = [],
}: UpgradeOptions = {}): string =>
  [
    `GET ${path} HTTP/1.1`,
    'Host: x',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    `Sec-WebSocket-Protocol: ${protocol}`,
    ...lines,
    '',
    '',
  ].join('\r\n');

/** Resolves once there is a connection. Nothing is written on it yet. */
export async function rawConnection({
  port,
  from = '127.0.0.1',
  answers = true,
  halfOpen = false,
}: RawOptions): Promise<RawConnection> {
  const socket = connect({
    port,
    host: '127.0.0.1',
    localAddress: from,
    noDelay: true,
    allowHalfOpen: halfOpen,
  });
  // A reset is an end like another.
  socket.on('error', () => undefined);
  const heard: string[] = [];
  const waiting = new Set<() => void>();
  const news = (): void => {
    for (const look of waiting) look();
  };
  let code: number | null = null;
  let reason = '';
  let over = false;
  let gotClose: (ending: Ending) => void = () => undefined;
  const closed = new Promise<Ending>((resolve) => {
    gotClose = resolve;
  });
  let gotHead: (head: string) => void = () => undefined;
  const head = new Promise<string>((resolve) => {
    gotHead = resolve;
  });
  const ended = new Promise<Ending>((resolve) => {
    const end = (): void => {
      if (over) return;
      over = true;
      gotHead('');
      const ending = { code, reason, at: performance.now() };
      gotClose(ending);
      resolve(ending);
      news();
    };
    socket.on('end', end).on('close', end);
  });

  const read = readFrames((opcode, payload) => {
    if (opcode === opcodes.close) {
      code ??= payload.length < 2 ? 1005 : payload.readUInt16BE(0);
      reason = payload.subarray(2).toString();
      gotClose({ code, reason, at: performance.now() });
      if (answers) socket.write(closeFrame(code === 1005 ? null : code));
    } else if (opcode === opcodes.text || opcode === opcodes.binary) {
      heard.push(payload.toString(opcode === opcodes.text ? 'utf8' : 'latin1'));
      news();
    }
  });
  let start: Buffer | null = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    if (!start) return read(chunk);
    start = Buffer.concat([start, chunk]);
    const end = start.indexOf('\r\n\r\n');
    if (end < 0) return;
    const [first, rest] = [start.toString('latin1', 0, end), start.subarray(end + 4)];
    start = null;
    gotHead(first);
    if (rest.length > 0) read(rest);
  });

  if (socket.connecting) await once(socket, 'connect');
  return {
    socket,
    head,
    closed,
    ended,
    heard,
    hears: (part) =>
      new Promise((resolve, reject) => {
        // Each is looked at once: whoever hears a lot must not become a slow reader by it.
        let from = 0;
        const look = (): void => {
          const found = heard.slice(from).find((text) => text.includes(part));
          from = heard.length;
          if (found !== undefined) resolve(found);
          else if (over) reject(new Error(`ended with ${code} before '${part}' was heard`));
          else return;
          waiting.delete(look);
        };
        waiting.add(look);
        look();
      }),
    write(bytes) {
      socket.write(bytes);
    },
    say(...frames) {
      socket.write(textFrame(frames.map((it) => JSON.stringify(it)).join('\n')));
    },
  };
}

/** A connection that is a WebSocket already. Rejects where the server refuses. */
export async function rawWebSocket(options: RawOptions & UpgradeOptions): Promise<RawConnection> {
  const connection = await rawConnection(options);
  connection.write(upgradeHead(options));
  const head = await connection.head;
  if (!head.startsWith('HTTP/1.1 101')) throw new Error(`not upgraded: ${head.split('\r\n', 1)[0]}`);
  return connection;
}
