// The hooks in a real browser, over the browser's own sockets, to a real Node server.
import { StrictMode, type ReactNode } from 'react';
import { expect, test, vi } from 'vitest';
import {
  RealtimeProvider,
  json,
  useConnectionState,
  useMessage,
  useMessages,
  useRoom,
  useSend,
  type Codec,
} from '../../src/index.js';
import { msgpack } from '../../src/protocol/msgpack.js';
import { chat } from '../support/server/rooms.js';
import {
  clientFor,
  countedSockets,
  framesSent,
  mount,
  quick,
  startServer,
  until,
  type CountedSockets,
} from './page.js';

const params = { id: '1' };

const codecs: readonly (readonly [name: string, codec: () => Codec])[] = [
  ['json', json],
  ['msgpack', msgpack],
];

function App({
  url,
  token,
  sockets,
  codec = json,
  children,
}: {
  readonly url: string;
  readonly token: string;
  readonly sockets: CountedSockets;
  readonly codec?: () => Codec;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <RealtimeProvider
      url={url}
      token={() => token}
      codecs={[codec()]}
      WebSocket={sockets.WebSocket}
      {...quick}
    >
      {children}
    </RealtimeProvider>
  );
}

function Status(): ReactNode {
  const room = useRoom(chat, params);
  const codec = useConnectionState((state) => (state.status === 'connected' ? state.codec : state.status));
  return <output>{`${codec} ${room.status}`}</output>;
}

function Composer(): ReactNode {
  const [send, { pending, error }] = useSend(useRoom(chat, params), 'post');
  return (
    <button
      type="button"
      disabled={pending}
      onClick={() => {
        void send({ text: 'hello' });
      }}
    >
      {error?.code ?? 'send'}
    </button>
  );
}

function Posts(): ReactNode {
  const { messages } = useMessages(useRoom(chat, params), 'post');
  return (
    <ul>
      {messages.map(({ id, sender, data, status }) => (
        <li key={id}>{`${sender?.user?.id ?? '?'}: ${data.text}${status ? ` (${status})` : ''}`}</li>
      ))}
    </ul>
  );
}

test('StrictMode opens one socket and joins once, and unmounting closes the socket', async () => {
  const server = await startServer();
  const sockets = countedSockets();
  const { container, unmount } = mount(
    <StrictMode>
      <App url={server.url} token="ada" sockets={sockets}>
        <Status />
      </App>
    </StrictMode>,
  );
  await until(() => {
    expect(container.textContent).toBe('json joined');
  });
  expect(sockets.opened).toHaveLength(1);
  expect(framesSent(sockets, 'join')).toBe(1);
  expect(await server.connections()).toBe(1);
  unmount();
  await until(async () => {
    expect(await server.connections()).toBe(0);
  });
  expect(sockets.opened.map(({ readyState }) => readyState)).toEqual([WebSocket.CLOSED]);
});

test.each(codecs)(
  'a message goes from one component through the server to another, in %s',
  async (name, codec) => {
    const server = await startServer();
    const sockets = countedSockets();
    const page = (token: string, child: ReactNode): HTMLElement =>
      mount(
        <App url={server.url} token={token} sockets={sockets} codec={codec}>
          <Status />
          {child}
        </App>,
      ).container;
    const ada = page(
      'ada',
      <>
        <Composer />
        <Posts />
      </>,
    );
    const bob = page('bob', <Posts />);
    await until(() => {
      expect(ada.querySelector('output')?.textContent).toBe(`${name} joined`);
      expect(bob.querySelector('output')?.textContent).toBe(`${name} joined`);
    });
    ada.querySelector('button')?.click();
    await until(() => {
      expect(bob.querySelector('ul')?.innerText).toBe('ada: hello');
      expect(ada.querySelector('ul')?.innerText).toBe('ada: hello');
      expect(ada.querySelector('button')?.disabled).toBe(false);
    });
    expect(sockets.opened.map(({ protocol }) => protocol)).toEqual([
      `roomful.v1.${name}`,
      `roomful.v1.${name}`,
    ]);
    expect(new Set(sockets.sent.map((message) => typeof message))).toEqual(
      new Set([name === 'json' ? 'string' : 'object']),
    );
  },
);

test('bytes arrive as bytes, in either codec, from one to the other', async () => {
  const { url } = await startServer();
  const [inJson, inMessagePack] = codecs.map(([name, codec]) => clientFor(url, name, { codecs: [codec()] }));
  const [from, to] = [inJson, inMessagePack].map((client) => {
    client?.connect();
    return client?.room(chat, params);
  });
  const seen: Uint8Array[] = [];
  to?.on('bytes', ({ data }) => seen.push(data.body));
  from?.on('bytes', ({ data }) => seen.push(data.body));
  await until(() => {
    expect([from?.status, to?.status]).toEqual(['joined', 'joined']);
  });
  await from?.send('bytes', { body: Uint8Array.of(1, 2, 255) });
  await to?.send('bytes', { body: Uint8Array.of(0) });
  await until(() => {
    expect(seen).toHaveLength(4);
  });
  expect(seen.every((body) => body instanceof Uint8Array)).toBe(true);
  expect(seen.map((body) => Array.from(body).join()).toSorted()).toEqual(['0', '0', '1,2,255', '1,2,255']);
});

test('a burst of 1,000 messages reaches a handler 1,000 times, in order, and renders a list once a frame at most', async () => {
  const server = await startServer();
  const sockets = countedSockets();
  const seen: number[] = [];
  let renders = 0;
  function Cursors(): ReactNode {
    const room = useRoom(chat, params);
    const { messages } = useMessages(room, 'cursor', { limit: 1_000 });
    useMessage(room, 'cursor', ({ data }) => {
      seen.push(data.x);
    });
    renders++;
    return <p>{messages.map(({ data }) => data.x).join()}</p>;
  }
  const { container } = mount(
    <App url={server.url} token="ada" sockets={sockets}>
      <Status />
      <Cursors />
    </App>,
  );
  const bob = clientFor(server.url, 'bob');
  bob.connect();
  const sender = bob.room(chat, params);
  await until(() => {
    expect(container.querySelector('output')?.textContent).toBe('json joined');
    expect(sender.status).toBe('joined');
  });
  renders = 0;
  const frames = vi.spyOn(window, 'requestAnimationFrame');
  await Promise.all(Array.from({ length: 1_000 }, (_, x) => sender.send('cursor', { x, y: 0 })));
  const expected = Array.from({ length: 1_000 }, (_, x) => x);
  await until(() => {
    expect(container.querySelector('p')?.textContent).toBe(expected.join());
  });
  const flushes = frames.mock.calls.length;
  frames.mockRestore();
  expect(seen).toEqual(expected);
  // Each update of either client waits for a frame; only that of the list renders it.
  expect(renders).toBeLessThanOrEqual(flushes);
  expect(renders).toBeLessThan(200);
});
