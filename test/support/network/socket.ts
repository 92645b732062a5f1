// A plain WebSocket that remembers what it heard, for tests that speak the wire themselves.
import { once } from 'node:events';
import { WebSocket, type ClientOptions } from 'ws';

export interface PlainSocket {
  readonly socket: WebSocket;
  readonly heard: readonly string[];
  /** How it ended: resolves with the close code and its reason. */
  readonly closed: Promise<readonly [code: number, reason: string]>;
  say(...values: readonly unknown[]): void;
  /** Resolves with the first message that has this text, even if it came already. */
  hears(part: string): Promise<string>;
}

export function plainSocket(
  url: string,
  protocols: readonly string[] = ['roomful.v1.json'],
  options: ClientOptions = {},
): PlainSocket {
  const socket = new WebSocket(url, [...protocols], options);
  const heard: string[] = [];
  socket.on('error', () => undefined);
  socket.on('message', (data: Buffer) => {
    heard.push(data.toString());
  });
  const closed = once(socket, 'close').then(
    ([code, reason]: unknown[]) => [code as number, String(reason)] as const,
  );
  return {
    socket,
    heard,
    closed,
    say(...values) {
      socket.send(values.map((value) => JSON.stringify(value)).join('\n'));
    },
    async hears(part) {
      for (;;) {
        const found = heard.find((message) => message.includes(part));
        if (found !== undefined) return found;
        await Promise.race([
          once(socket, 'message'),
          closed.then(([code]) => {
            throw new Error(`closed with ${code} before '${part}' was heard`);
          }),
        ]);
      }
    },
  };
}
