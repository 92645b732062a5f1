// The provider that owns a client: over a real server, since it makes its own sockets.
import { act, cleanup, render, screen, waitFor } from '@testing-library/react';
import { StrictMode, type ReactNode } from 'react';
import { hydrateRoot } from 'react-dom/client';
import { renderToString } from 'react-dom/server';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { RealtimeProvider, useConnectionState, useMessages, useOthers, useRoom } from '../../src/index.js';
import { createRealtimeServer, type RealtimeServer } from '../../src/server/node/realtime-server.js';
import { chat, servedRooms } from '../support/server/rooms.js';

let server: RealtimeServer;
let url: string;
let sockets: WebSocket[];

class Counted extends WebSocket {
  constructor(...args: ConstructorParameters<typeof WebSocket>) {
    super(...args);
    sockets.push(this);
  }
}

beforeEach(async () => {
  sockets = [];
  server = createRealtimeServer({
    rooms: servedRooms(),
    authenticate: ({ token }) => (token === null ? null : { id: token }),
  });
  ({ url } = await server.listen({ host: '127.0.0.1' }));
});
afterEach(async () => {
  cleanup();
  await server.close();
});

function Chat(): ReactNode {
  const room = useRoom(chat, { id: '1' });
  const { status } = useConnectionState();
  const { messages } = useMessages(room, 'post');
  const others = useOthers(room);
  return <p>{`${status} ${room.status} ${messages.length} ${others.length}`}</p>;
}

const provided = (
  props: { readonly url: string; readonly token?: string | (() => string) },
  children: ReactNode,
): ReactNode => (
  <RealtimeProvider WebSocket={Counted} backoff={{ initial: 10, max: 50 }} {...props}>
    {children}
  </RealtimeProvider>
);

test('StrictMode opens one socket; unmounting closes it', async () => {
  const { unmount } = render(<StrictMode>{provided({ url, token: () => 'ada' }, <Chat />)}</StrictMode>);
  await waitFor(() => {
    expect(screen.getByText('connected joined 0 0')).toBeTruthy();
  });
  expect(sockets).toHaveLength(1);
  expect(server.stats().connections).toBe(1);
  unmount();
  await waitFor(() => {
    expect(server.stats().connections).toBe(0);
  });
  expect(sockets).toHaveLength(1);
});

test('new functions change nothing, a new url reconnects', async () => {
  const asked: string[] = [];
  const { rerender } = render(provided({ url, token: () => 'ada' }, <Chat />));
  await waitFor(() => {
    expect(screen.getByText('connected joined 0 0')).toBeTruthy();
  });
  rerender(
    provided(
      {
        url,
        token: () => {
          asked.push('new');
          return 'ada';
        },
      },
      <Chat />,
    ),
  );
  expect(sockets).toHaveLength(1);
  rerender(
    provided(
      {
        url: `${url}?other`,
        token: () => {
          asked.push('newer');
          return 'ada';
        },
      },
      <Chat />,
    ),
  );
  await waitFor(() => {
    expect(sockets).toHaveLength(2);
  });
  await waitFor(() => {
    expect(screen.getByText('connected joined 0 0')).toBeTruthy();
  });
  expect(asked).toEqual(['newer']);
  expect(sockets[1]?.url).toBe(`${url}?other`);
});

test('a token that comes later is used, and a new one reconnects as whom it names', async () => {
  const app = (token: string | undefined): ReactNode => (
    <RealtimeProvider WebSocket={Counted} url={url} token={token} backoff={{ initial: 10, max: 50 }}>
      <Chat />
    </RealtimeProvider>
  );
  const { rerender } = render(app(undefined));
  await waitFor(() => {
    expect(screen.getByText(/^needs-auth/)).toBeTruthy();
  });
  rerender(app('ada'));
  await waitFor(() => {
    expect(screen.getByText('connected joined 0 0')).toBeTruthy();
  });
  const opened = sockets.length;
  rerender(app('ada'));
  expect(sockets).toHaveLength(opened);
  rerender(app('bob'));
  await waitFor(() => {
    expect(sockets).toHaveLength(opened + 1);
  });
  await waitFor(() => {
    expect(screen.getByText(/^connected joined 0/)).toBeTruthy();
  });
});

test('a server render is idle and opens nothing; hydration warns of nothing', async () => {
  const app = <StrictMode>{provided({ url, token: () => 'ada' }, <Chat />)}</StrictMode>;
  const html = renderToString(app);
  expect(html).toBe('<p>idle left 0 0</p>');
  expect(sockets).toHaveLength(0);
  const container = document.createElement('div');
  container.innerHTML = html;
  document.body.append(container);
  const errors = vi.spyOn(console, 'error');
  const recovered: unknown[] = [];
  const root = await act(async () =>
    hydrateRoot(container, app, { onRecoverableError: (error) => recovered.push(error) }),
  );
  await waitFor(() => {
    expect(container.textContent).toBe('connected joined 0 0');
  });
  expect(recovered).toEqual([]);
  expect(errors).not.toHaveBeenCalled();
  expect(sockets).toHaveLength(1);
  act(() => {
    root.unmount();
  });
  container.remove();
  errors.mockRestore();
});

test('what is sent before the connection waits for it', async () => {
  function Early(): ReactNode {
    const room = useRoom(chat, { id: '1' });
    return (
      <button
        onClick={() => {
          void room.send('post', { text: 'early' });
        }}
      >
        send
      </button>
    );
  }
  render(
    provided(
      { url, token: () => 'ada' },
      <>
        <Early />
        <Chat />
      </>,
    ),
  );
  act(() => {
    screen.getByText('send').click();
  });
  await waitFor(() => {
    expect(screen.getByText('connected joined 1 0')).toBeTruthy();
  });
});
