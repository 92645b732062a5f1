// The room that a component holds is another object where it shows something else, and everything that belongs to the room goes on.
import { act, cleanup, render, renderHook, screen, waitFor } from '@testing-library/react';
import { Suspense, memo, useEffect, useMemo, type ReactNode } from 'react';
import { hydrateRoot } from 'react-dom/client';
import { renderToString } from 'react-dom/server';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RealtimeContext } from '../../src/react/context.js';
import {
  useMessage,
  useMessages,
  useMyPresence,
  useOthers,
  useOutbox,
  useRoom,
  useSend,
  type Room,
} from '../../src/index.js';
import { createTestRealtime, type TestRealtime, type TestUser } from '../../src/testing/index.js';
import { chat, closedRoom, servedRooms } from '../support/server/rooms.js';

let world: TestRealtime;
let ada: TestUser;
let bob: TestUser;

beforeEach(() => {
  world = createTestRealtime({ rooms: servedRooms() });
  ada = world.user({ id: 'ada' }, { backoff: { initial: 10, max: 50 } });
  bob = world.user({ id: 'bob' }, { backoff: { initial: 10, max: 50 } });
});
afterEach(async () => {
  cleanup();
  await world.close();
});

const params = { id: '1' };
const text = (): string | null => document.body.textContent;

test('what is memoised by the room shows its status, its continuity and its error', async () => {
  const Badge = memo(function Badge({ room }: { readonly room: Room<typeof chat> }): ReactNode {
    return <i>{room.status}</i>;
  });
  function Shown(): ReactNode {
    const room = useRoom(chat, params);
    const label = useMemo(() => `${room.continuity} ${room.error?.code ?? 'fine'}`, [room]);
    return (
      <p>
        {room.status} <Badge room={room} /> {label}
      </p>
    );
  }
  render(<Shown />, { wrapper: ada.wrapper });
  await expect.poll(text).toBe('joined joined exact fine');
  ada.network.cut();
  await expect.poll(text).toBe('reconnecting reconnecting exact fine');
  ada.network.restore();
  await expect.poll(text).toBe('joined joined recovered fine');
});

test('a room that is denied says so to what is memoised by it', async () => {
  const { result } = renderHook(
    () => {
      const room = useRoom(closedRoom, params);
      return useMemo(() => [room.status, room.error?.code], [room]);
    },
    { wrapper: ada.wrapper },
  );
  await waitFor(() => {
    expect(result.current).toEqual(['denied', 'denied']);
  });
});

test('it stays the same object while others come, speak and show something', async () => {
  const seen = new Set<unknown>();
  const { result } = renderHook(
    () => {
      const room = useRoom(chat, params);
      const { messages } = useMessages(room);
      if (room.status === 'joined') seen.add(room);
      return { messages, others: useOthers(room) };
    },
    { wrapper: ada.wrapper },
  );
  const theirs = bob.client.room(chat, params);
  await theirs.send('post', { text: 'hello' });
  await waitFor(() => {
    expect([result.current.messages.length, result.current.others.length]).toEqual([1, 1]);
  });
  expect(seen.size).toBe(1);
});

test('calls on an older object still work', async () => {
  const { result } = renderHook(() => useRoom(chat, params), { wrapper: ada.wrapper });
  const first = result.current;
  await waitFor(() => {
    expect(result.current.status).toBe('joined');
  });
  expect(first).not.toBe(result.current);
  expect([first.id, first.status]).toEqual(['chat/1', 'left']);
  const heard: string[] = [];
  const stop = first.on('post', ({ data }) => {
    heard.push(data.text);
  });
  await first.send('post', { text: 'by the older one' });
  expect(await first.history()).toHaveLength(1);
  await waitFor(() => {
    expect(heard).toEqual(['by the older one']);
  });
  stop();
});

test('effects by the id, handlers, lists, sends and presence go on through a cut, and begin only once', async () => {
  const events: string[] = [];
  ada.client.inspect((event, step) => {
    if (event.type.startsWith('list-') || event.type === 'retain' || event.type === 'release')
      events.push(event.type);
    return step(event);
  });
  const sends = new Set<unknown>();
  const updates = new Set<unknown>();
  const rooms = new Set<unknown>();
  const heard: string[] = [];
  let effects = 0;
  const { result } = renderHook(
    () => {
      const room = useRoom(chat, params);
      rooms.add(room);
      useMessage(room, 'post', ({ data }) => {
        heard.push(data.text);
      });
      const [send] = useSend(room, 'post');
      const [, update] = useMyPresence(room);
      sends.add(send);
      updates.add(update);
      useEffect(() => {
        effects++;
      }, [room.id]);
      return { room, send, ...useMessages(room) };
    },
    { wrapper: ada.wrapper },
  );
  const theirs = bob.client.room(chat, params);
  await theirs.send('post', { text: 'before' });
  ada.network.cut();
  await waitFor(() => {
    expect(result.current.room.status).toBe('reconnecting');
  });
  await theirs.send('post', { text: 'meanwhile' });
  ada.network.restore();
  await waitFor(() => {
    expect(result.current.room.continuity).toBe('recovered');
  });
  await act(() => result.current.send({ text: 'after' }));
  await waitFor(() => {
    expect(heard).toEqual(['before', 'meanwhile', 'after']);
    expect(result.current.messages.map(({ data }) => (data as { text: string }).text)).toEqual(heard);
  });
  expect(rooms.size).toBeGreaterThan(2);
  expect([sends.size, updates.size, effects]).toEqual([1, 1, 1]);
  expect(events.filter((type) => type !== 'retain').length).toBe(1);
});

test('a part of the page that is hydrated late shows what the server rendered, and then the room as it is', async () => {
  function Status(): ReactNode {
    return <b>{useRoom(chat, params).status}</b>;
  }
  let open: () => void = () => undefined;
  const waiting = new Promise<void>((resolve) => {
    open = resolve;
  });
  let isOpen = true;
  function Late({ children }: { readonly children: ReactNode }): ReactNode {
    if (!isOpen) throw waiting;
    return children;
  }
  const page = (
    <>
      <Status />
      <Suspense fallback="…">
        <Late>
          <Status />
        </Late>
      </Suspense>
    </>
  );
  const idle = world.user({ id: 'carol' }, { connect: false });
  const html = renderToString(<idle.wrapper>{page}</idle.wrapper>);
  expect(html.replace(/<!--.*?-->/g, '')).toBe('<b>left</b><b>left</b>');
  isOpen = false;
  const container = document.createElement('div');
  container.innerHTML = html;
  const complaints: unknown[] = [];
  const root = await act(() =>
    hydrateRoot(container, <ada.wrapper>{page}</ada.wrapper>, {
      onRecoverableError: (error) => {
        complaints.push(error);
      },
    }),
  );
  await waitFor(() => {
    expect(container.textContent).toBe('joinedleft');
  });
  isOpen = true;
  await act(async () => {
    open();
    await waiting;
  });
  await waitFor(() => {
    expect(container.textContent).toBe('joinedjoined');
  });
  expect(complaints).toEqual([]);
  act(() => {
    root.unmount();
  });
});

describe('a room of an outer provider below another one', () => {
  /** Each hook that takes a room, below a provider of another client. */
  function Inner({ room }: { readonly room: Room<typeof chat> }): ReactNode {
    const others = useOthers(room, (all) => all.map(({ user }) => user?.id ?? ''));
    const { messages } = useMessages(room, 'post');
    const [mine] = useMyPresence(room);
    const { failed } = useOutbox(room);
    return (
      <p>
        {others.join()} {messages.map(({ data }) => data.text).join()} {JSON.stringify(mine)} {failed.length}
      </p>
    );
  }

  test('is read from its own client', async () => {
    const carol = world.user({ id: 'carol' });
    function Outer(): ReactNode {
      const room = useRoom(chat, params, { presence: { name: 'Ada' } });
      return (
        <RealtimeContext.Provider value={carol.client}>
          <Inner room={room} />
        </RealtimeContext.Provider>
      );
    }
    render(<Outer />, { wrapper: ada.wrapper });
    await bob.client.room(chat, params).send('post', { text: 'hello' });
    await waitFor(() => {
      expect(screen.getByText('bob hello {"name":"Ada"} 0')).toBeTruthy();
    });
  });
});
