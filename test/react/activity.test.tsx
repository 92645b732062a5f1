// A provider that an <Activity> hides. React 18 has no Activity: this file is not among the tests with it.
import { cleanup, render, waitFor } from '@testing-library/react';
import { Activity, useEffect, type ReactNode } from 'react';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { RealtimeProvider, useConnectionState, useRoom } from '../../src/index.js';
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

type Say = (text: string) => Promise<{ readonly offset: number | null }>;

function Speaker({ onReady }: { readonly onReady: (say: Say) => void }): ReactNode {
  const room = useRoom(chat, { id: '1' });
  useEffect(() => {
    onReady((text) => room.send('post', { text }));
  }, [room, onReady]);
  return useConnectionState().status;
}

test('hidden, it keeps its connection and what waits in its outbox; unmounted, it closes', async () => {
  let say: Say = () => Promise.reject(new Error('not rendered yet'));
  const onReady = (it: Say): void => {
    say = it;
  };
  const at = (mode: 'visible' | 'hidden'): ReactNode => (
    <Activity mode={mode}>
      <RealtimeProvider url={url} token="ada" WebSocket={Counted}>
        <Speaker onReady={onReady} />
      </RealtimeProvider>
    </Activity>
  );
  const { rerender, unmount, container } = render(at('visible'));
  await waitFor(() => {
    expect(container.textContent).toContain('connected');
  });
  // It has not left yet when the page is hidden.
  const results: unknown[] = [];
  const sent = say('one').then(
    ({ offset }) => results.push(offset),
    ({ code }: { readonly code: string }) => results.push(code),
  );
  rerender(at('hidden'));
  await sent;
  expect(results).toEqual([1]);
  rerender(at('visible'));
  await waitFor(() => {
    expect(container.textContent).toContain('connected');
  });
  expect(sockets).toHaveLength(1);
  unmount();
  await waitFor(() => {
    expect(sockets[0]?.readyState).toBe(WebSocket.CLOSED);
  });
});
