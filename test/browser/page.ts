// What a test in the page needs: a server, sockets that are counted, components without test wrappers, and waiting.
import type { ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import { inject, onTestFinished } from 'vitest';
import { createClient, json, type Client, type ClientOptions } from '../../src/client/index.js';
import type { ClientFrame } from '../../src/protocol/frames.js';
import { parseClientFrame } from '../../src/protocol/parse.js';
import { eventually } from '../support/eventually.js';

async function control<T>(path: string, query: Readonly<Record<string, string>> = {}): Promise<T> {
  const response = await fetch(`${inject('control')}${path}?${new URLSearchParams(query).toString()}`, {
    method: 'POST',
  });
  if (!response.ok) throw new Error(await response.text());
  return (await response.json()) as T;
}

export interface PageServer {
  readonly url: string;
  connections(): Promise<number>;
  stop(): Promise<void>;
}

/** A Node server for this test alone. It takes pages of this origin, or of the given one. */
export async function startServer(
  options: { readonly origin?: string; readonly port?: string } = {},
): Promise<PageServer> {
  const { url } = await control<{ readonly url: string }>('/start', options);
  const server: PageServer = {
    url,
    connections: async () =>
      (await control<{ readonly connections: number }>('/stats', { id: url })).connections,
    stop: () => control('/stop', { id: url }),
  };
  onTestFinished(server.stop);
  return server;
}

/** A port at which nobody listens. */
export const freePort = async (): Promise<string> =>
  String((await control<{ readonly port: number }>('/free-port')).port);

export interface CountedSockets {
  readonly WebSocket: typeof WebSocket;
  readonly opened: readonly WebSocket[];
  /** Every message sent, in order, whichever the socket. */
  readonly sent: readonly unknown[];
}

export function countedSockets(): CountedSockets {
  const opened: WebSocket[] = [];
  const sent: unknown[] = [];
  class Counted extends window.WebSocket {
    constructor(...args: ConstructorParameters<typeof WebSocket>) {
      super(...args);
      opened.push(this);
    }

    override send(data: Parameters<WebSocket['send']>[0]): void {
      sent.push(data);
      super.send(data);
    }
  }
  return { WebSocket: Counted, opened, sent };
}

/** How many frames of a type were sent over these sockets, in JSON. */
export const framesSent = ({ sent }: CountedSockets, type: ClientFrame['type']): number =>
  sent
    .flatMap((message) => json().decode(message as string))
    .filter((tuple) => parseClientFrame(tuple)?.type === type).length;

export const quick: Partial<ClientOptions> = {
  backoff: { initial: 10, max: 100 },
  logger: { warn: () => undefined, error: () => undefined },
};

/** A client that is closed when the test ends. */
export function clientFor(
  url: ClientOptions['url'],
  token: string,
  options: Partial<ClientOptions> = {},
): Client {
  const client = createClient({ url, token, ...quick, ...options });
  onTestFinished(() => {
    client.close();
  });
  return client;
}

/** Renders as an app does: no `act`, so that React and the store keep their own pace. */
export function mount(children: ReactNode): {
  readonly container: HTMLElement;
  readonly unmount: () => void;
} {
  const container = document.body.appendChild(document.createElement('div'));
  const root = createRoot(container);
  root.render(children);
  let mounted = true;
  const unmount = (): void => {
    if (!mounted) return;
    mounted = false;
    root.unmount();
    container.remove();
  };
  onTestFinished(unmount);
  return { container, unmount };
}

export const until: typeof eventually = eventually;
