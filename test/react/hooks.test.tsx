// The hooks as an app uses them, on the real server core in memory.
import { act, cleanup, render, renderHook, screen, waitFor } from '@testing-library/react';
import { StrictMode, useState, type ReactNode } from 'react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  useConnectionState,
  useLatency,
  useMessage,
  useMessages,
  useMyPresence,
  useOthers,
  useOutbox,
  useRealtime,
  useRealtimeStore,
  useRoom,
  useSend,
} from '../../src/index.js';
import { createTestRealtime, type TestRealtime, type TestUser } from '../../src/testing/index.js';
import type { Room } from '../../src/client/rooms/room.js';
import { chat, servedRooms } from '../support/server/rooms.js';

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

/** What a component holds is the room at one moment: each look takes the newest. */
const joined = (room: () => { readonly status: string }): Promise<void> =>
  waitFor(() => {
    expect(room().status).toBe('joined');
  });
const params = { id: '1' };

test('StrictMode opens one socket and joins once', async () => {
  const carol = world.user({ id: 'carol' }, { connect: false });
  const joins: string[] = [];
  const { broker } = world.server.settings;
  const enter = broker.enter;
  vi.spyOn(broker, 'enter').mockImplementation((room, member) => {
    if (member[1]?.id === 'carol') joins.push(room);
    return enter(room, member);
  });
  const { result } = renderHook(() => useRoom(chat, params), {
    wrapper: ({ children }: { children: ReactNode }) => (
      <StrictMode>{carol.wrapper({ children })}</StrictMode>
    ),
  });
  await joined(() => result.current);
  expect(carol.network.opened).toBe(1);
  expect(joins).toEqual(['chat/1']);
});

test('two users of a room hold the same object and join once', async () => {
  const { result, rerender } = renderHook(
    ({ id }) => [useRoom(chat, { id }), useRoom(chat, { id })] as const,
    { wrapper: ada.wrapper, initialProps: { id: '1' } },
  );
  expect(result.current[0]).toBe(result.current[1]);
  await joined(() => result.current[0]);
  const [first] = result.current;
  expect(result.current[1]).toBe(first);
  rerender({ id: '1' });
  expect(result.current[0]).toBe(first);
  rerender({ id: '2' });
  expect(result.current[0].id).toBe('chat/2');
  await joined(() => result.current[0]);
});

test('the last unmount leaves, late enough that a remount causes no traffic', async () => {
  const leaves = vi.spyOn(world.server.settings.broker, 'exit');
  const mount = () => renderHook(() => useRoom(chat, params), { wrapper: ada.wrapper });
  const first = mount();
  await joined(() => first.result.current);
  first.unmount();
  const second = mount();
  await world.advance(1_200);
  expect(leaves).not.toHaveBeenCalled();
  second.unmount();
  await waitFor(
    () => {
      expect(leaves).toHaveBeenCalledTimes(1);
    },
    { timeout: 3_000 },
  );
});

test('enabled: false joins only when it turns true', async () => {
  const { result, rerender } = renderHook(({ enabled }) => useRoom(chat, params, { enabled }), {
    wrapper: ada.wrapper,
    initialProps: { enabled: false },
  });
  await world.advance(30);
  expect(result.current.status).toBe('left');
  rerender({ enabled: true });
  await joined(() => result.current);
});

test('a burst of 1,000 messages reaches a handler 1,000 times, in order, and renders a list a few times', async () => {
  const seen: number[] = [];
  let renders = 0;
  const { result } = renderHook(
    () => {
      const room = useRoom(chat, params);
      const { messages } = useMessages(room, 'cursor', { limit: 1_000 });
      useMessage(room, 'cursor', ({ data }) => {
        seen.push(data.x);
      });
      renders++;
      return { room, messages };
    },
    { wrapper: ada.wrapper },
  );
  const sender = bob.client.room(chat, params);
  await joined(() => result.current.room);
  await joined(() => sender);
  renders = 0;
  await act(async () => {
    await Promise.all(Array.from({ length: 1_000 }, (_, x) => sender.send('cursor', { x, y: 0 })));
    await world.advance(30);
  });
  expect(seen).toEqual(Array.from({ length: 1_000 }, (_, x) => x));
  expect(result.current.messages.map(({ data }) => data.x)).toEqual(seen);
  expect(renders).toBeLessThanOrEqual(20);
});

test('own messages stand in the list at once, and become the confirmed ones under the same key', async () => {
  const statuses: string[] = [];
  const { result } = renderHook(
    () => {
      const room = useRoom(chat, params);
      const list = useMessages(room, 'post');
      statuses.push(list.messages.map(({ id, status }) => `${id}:${status ?? 'logged'}`).join());
      return { room, ...list };
    },
    { wrapper: ada.wrapper },
  );
  await joined(() => result.current.room);
  ada.network.cut();
  await waitFor(() => {
    expect(result.current.room.status).toBe('reconnecting');
  });
  act(() => {
    void result.current.room.send('post', { text: 'hello' });
  });
  await waitFor(() => {
    expect(result.current.messages[0]?.status).toBe('queued');
  });
  const { id } = result.current.messages[0] ?? { id: '' };
  ada.network.restore();
  await waitFor(() => {
    expect(result.current.messages[0]).toMatchObject({ id, offset: 1 });
  });
  await waitFor(() => {
    expect(result.current.messages[0]?.status).toBeUndefined();
  });
  const shown = statuses.slice(statuses.findIndex((text) => text.startsWith(id)));
  expect(
    shown.every((text) => text.startsWith(`${id}:`) && !text.includes(',')),
    'it never flickers',
  ).toBe(true);
});

test('useMessages loads older messages and knows where the log begins', async () => {
  const writer = bob.client.room(chat, params);
  for (let x = 1; x <= 7; x++) void writer.send('cursor', { x, y: 0 });
  await writer.send('cursor', { x: 8, y: 0 });
  const { result } = renderHook(() => useMessages(useRoom(chat, params), undefined, { limit: 3 }), {
    wrapper: ada.wrapper,
  });
  await waitFor(() => {
    expect(result.current.messages.map(({ offset }) => offset)).toEqual([6, 7, 8]);
  });
  expect(result.current.hasOlder).toBe(true);
  act(result.current.loadOlder);
  await waitFor(() => {
    expect(result.current.messages.map(({ offset }) => offset)).toEqual([3, 4, 5, 6, 7, 8]);
  });
  act(result.current.loadOlder);
  await waitFor(() => {
    expect(result.current.messages).toHaveLength(8);
  });
  expect(result.current.hasOlder).toBe(false);
});

test('a list that is mounted late is filled from the log', async () => {
  const writer = bob.client.room(chat, params);
  await writer.send('post', { text: 'early' });
  const { result, rerender } = renderHook(
    ({ show }) => {
      const room = useRoom(chat, params);
      return { room, show };
    },
    { wrapper: ada.wrapper, initialProps: { show: false } },
  );
  await joined(() => result.current.room);
  rerender({ show: true });
  const late = renderHook(() => useMessages(result.current.room, 'post'), { wrapper: ada.wrapper });
  await waitFor(() => {
    expect(late.result.current.messages.map(({ data }) => data.text)).toEqual(['early']);
  });
});

test('useSend says what becomes of its sends', async () => {
  const { result } = renderHook(() => useSend(useRoom(chat, params), 'order'), { wrapper: ada.wrapper });
  await act(() => result.current[0]({ amount: 9_999 }).catch(() => undefined));
  await waitFor(() => {
    expect(result.current[1]).toMatchObject({ pending: false, error: { code: 'rejected' } });
  });
  act(() => {
    result.current[1].reset();
  });
  expect(result.current[1].error).toBeNull();
  await act(() => result.current[0]({ amount: -1 }).catch(() => undefined));
  await waitFor(() => {
    expect(result.current[1].error).toMatchObject({ code: 'invalid' });
  });
  await act(async () => {
    expect(await result.current[0]({ amount: 5 })).toMatchObject({ result: { booked: 5 } });
  });
  await waitFor(() => {
    expect(result.current[1]).toMatchObject({ pending: false, error: null });
  });
});

test('presence: mine, the others, and a selector that spares renders', async () => {
  let renders = 0;
  const { result } = renderHook(
    () => {
      const room = useRoom(chat, params, { presence: { name: 'Ada' } });
      const names = useOthers(room, (others) => others.map(({ presence }) => presence?.name));
      renders++;
      return { room, names, presence: useMyPresence(room) };
    },
    { wrapper: ada.wrapper },
  );
  const other = bob.client.room(chat, params);
  other.setPresence({ name: 'Bob' });
  await waitFor(() => {
    expect(result.current.names).toEqual(['Bob']);
  });
  expect(result.current.presence[0]).toEqual({ name: 'Ada' });
  const before = renders;
  other.setPresence({ typing: true });
  await waitFor(() => {
    expect(ada.client.store.getState().rooms['chat/1']?.others[0]?.presence).toEqual({
      name: 'Bob',
      typing: true,
    });
  });
  expect(renders).toBe(before);
  act(() => {
    result.current.presence[1]({ typing: true });
  });
  await waitFor(() => {
    expect(result.current.presence[0]).toEqual({ name: 'Ada', typing: true });
  });
  expect(() => {
    result.current.presence[1]({ name: 5 as unknown as string });
  }).toThrow(/presence/);
});

test('the outbox: pending while away, failed where refused, retried and discarded', async () => {
  const { result } = renderHook(
    () => {
      const room = useRoom(chat, params);
      return { room, outbox: useOutbox(room) };
    },
    { wrapper: ada.wrapper },
  );
  await joined(() => result.current.room);
  ada.network.cut();
  act(() => {
    void result.current.room.send('order', { amount: 1 });
  });
  await waitFor(() => {
    expect(result.current.outbox.pending).toHaveLength(1);
  });
  ada.network.restore();
  await waitFor(() => {
    expect(result.current.outbox.pending).toHaveLength(0);
  });
  act(() => {
    void result.current.room.send('order', { amount: 5_000 });
  });
  await waitFor(() => {
    expect(result.current.outbox.failed).toMatchObject([
      { error: { code: 'rejected', message: 'too much' } },
    ]);
  });
  const [failed] = result.current.outbox.failed;
  act(() => {
    result.current.outbox.retry(failed?.id ?? '');
  });
  await waitFor(() => {
    expect(result.current.outbox.failed).toHaveLength(1);
  });
  act(() => {
    result.current.outbox.discard(failed?.id ?? '');
  });
  await waitFor(() => {
    expect(result.current.outbox.failed).toEqual([]);
  });
});

test('connection state and latency, and a heartbeat that renders nothing', async () => {
  let renders = 0;
  const { result } = renderHook(
    () => {
      renders++;
      return useConnectionState();
    },
    { wrapper: ada.wrapper },
  );
  const latency = renderHook(
    () => [useLatency(), useRealtimeStore((state) => state.outbox.pending.length), useRealtime()] as const,
    { wrapper: ada.wrapper },
  );
  await waitFor(() => {
    expect(result.current.status).toBe('connected');
  });
  await waitFor(() => {
    expect(latency.result.current[0]).not.toBeNull();
  });
  expect(latency.result.current.slice(1)).toEqual([0, ada.client]);
  await world.advance(20);
  const before = renders;
  const since = latency.result.current[0];
  ada.signal('visible');
  await waitFor(() => {
    expect(ada.client.store.getState().latency).not.toBe(since);
  });
  expect(renders).toBe(before);
});

test('a handler that throws breaks no other, and the newest handler is called', async () => {
  const seen: string[] = [];
  const errors = vi.fn<(message: string) => void>();
  const quiet = world.user({ id: 'quiet' }, { logger: { warn: errors, error: errors } });
  const { result, rerender } = renderHook(
    ({ tag }) => {
      const room = useRoom(chat, params);
      useMessage(room, 'post', () => {
        throw new Error('mine');
      });
      useMessage(room, 'post', ({ data }) => {
        seen.push(`${tag} ${data.text}`);
      });
      return room;
    },
    { wrapper: quiet.wrapper, initialProps: { tag: 'old' } },
  );
  await joined(() => result.current);
  rerender({ tag: 'new' });
  await act(() => result.current.send('post', { text: 'x' }));
  await waitFor(() => {
    expect(seen).toEqual(['new x']);
  });
  expect(errors).toHaveBeenCalledTimes(1);
});

test('a row is told of what it shows, and of another thing once it shows that', async () => {
  const seen: string[] = [];
  const { result, rerender } = renderHook(
    ({ x }) => {
      const room = useRoom(chat, params);
      useMessage(
        room,
        'cursor',
        ({ data }) => {
          seen.push(`row ${x}: ${data.x} ${data.y}`);
        },
        { where: { x } },
      );
      return room;
    },
    { wrapper: ada.wrapper, initialProps: { x: 1 } },
  );
  await joined(() => result.current);
  const sender = bob.client.room(chat, params);
  await joined(() => sender);
  const say = (y: number) =>
    act(async () => {
      await Promise.all([1, 2, 3].map((x) => sender.send('cursor', { x, y })));
      await world.advance(30);
    });
  await say(1);
  rerender({ x: 3 });
  await say(2);
  expect(seen).toEqual(['row 1: 1 1', 'row 3: 3 2']);
});

test('a hook without a provider says what is missing', () => {
  const quiet = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  expect(() => renderHook(() => useConnectionState())).toThrow('<RealtimeProvider>');
  quiet.mockRestore();
});

test('a selection renders only when it changes', async () => {
  let renders = 0;
  function Status(): ReactNode {
    renders++;
    const status = useConnectionState(({ status: it }) => it);
    return <p>{status}</p>;
  }
  function App(): ReactNode {
    const [, setCount] = useState(0);
    return (
      <ada.wrapper>
        <button
          onClick={() => {
            setCount((count) => count + 1);
          }}
        >
          again
        </button>
        <Status />
      </ada.wrapper>
    );
  }
  render(<App />);
  await waitFor(() => {
    expect(screen.getByText('connected')).toBeTruthy();
  });
  await world.advance(30);
  const before = renders;
  await bob.client.room(chat, params).send('post', { text: 'elsewhere' });
  await world.advance(30);
  expect(renders).toBe(before);
});

test.each([
  ['a parameter of 200 characters', () => useRoom(chat, { id: '日'.repeat(200) }) as unknown as Room],
  ['a name of 200 characters', () => useRoom('x'.repeat(200))],
])(
  'a room whose id is too long says so in its error, and is not thrown in render: %s',
  async (_name, use) => {
    const { result } = renderHook(use, { wrapper: ada.wrapper });
    await waitFor(() => {
      expect([result.current.status, result.current.error?.code]).toEqual(['denied', 'invalid']);
    });
    await expect(result.current.send('post', { text: 'a' })).rejects.toMatchObject({
      code: 'invalid',
    });
    // The refusal comes whether or not there is a connection yet, and none is closed for it.
    await waitFor(() => {
      expect(ada.client.store.getState().connection.status).toBe('connected');
    });
    expect(ada.network.opened).toBe(1);
  },
);
