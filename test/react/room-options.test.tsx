// What a component may hand to useRoom: parameters that are not there yet, and options in the place of parameters.
import { act, cleanup, renderHook, waitFor } from '@testing-library/react';
import { startTransition } from 'react';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineRoom } from '../../src/contract/index.js';
import {
  useMessage,
  useMessages,
  useMyPresence,
  useOthers,
  useOutbox,
  useRoom,
  useSend,
} from '../../src/index.js';
import { serve } from '../../src/server/rooms/serve.js';
import { createTestRealtime, type TestRealtime, type TestUser } from '../../src/testing/index.js';
import { chat, servedRooms } from '../support/server/rooms.js';

const hall = defineRoom('hall', { messages: { post: z.object({ text: z.string() }) } });

let world: TestRealtime;
let ada: TestUser;
beforeEach(() => {
  world = createTestRealtime({ rooms: [...servedRooms(), serve(hall)] });
  ada = world.user({ id: 'ada' });
});
afterEach(async () => {
  cleanup();
  await world.close();
});

describe('with enabled: false a room waits for its parameters', () => {
  test.each([
    ['empty', { id: '' }],
    ['missing', {} as { id: string }],
    ['undefined', { id: undefined as unknown as string }],
    ['too long', { id: 'x'.repeat(1_000) }],
    ['no parameters at all', undefined as unknown as { id: string }],
  ])('%s', async (_name, params) => {
    const { result, rerender } = renderHook(
      (props: { readonly params: { id: string }; readonly enabled: boolean }) => {
        const room = useRoom(chat, props.params, { enabled: props.enabled });
        useMessage(room, 'post', () => undefined);
        const [send] = useSend(room, 'post');
        return {
          room,
          send,
          messages: useMessages(room).messages,
          others: useOthers(room),
          presence: useMyPresence(room)[0],
          outbox: useOutbox(room).pending,
        };
      },
      { wrapper: ada.wrapper, initialProps: { params, enabled: false } },
    );
    const { room, send, messages, others, presence, outbox } = result.current;
    expect([room.status, messages, others, presence, outbox]).toEqual(['left', [], [], null, []]);
    await act(() => expect(send({ text: 'too early' })).rejects.toMatchObject({ code: 'invalid' }));
    await expect(room.history()).rejects.toMatchObject({ code: 'invalid' });
    rerender({ params: { id: '7' }, enabled: true });
    await waitFor(() => {
      expect([result.current.room.id, result.current.room.status]).toEqual(['chat/7', 'joined']);
    });
    await act(() => result.current.send({ text: 'in time' }));
    await waitFor(() => {
      expect(result.current.messages).toHaveLength(1);
    });
  });

  test('a room that is wanted and has no parameters is said at once', () => {
    expect(() => renderHook(() => useRoom(chat, { id: '' }), { wrapper: ada.wrapper })).toThrow(/chat\/:id/);
  });
});

describe.each([
  ['a plain name', 'lobby' as const],
  ['a contract without parameters', hall],
])('%s takes its options in the place of parameters', (_name, room) => {
  test.each([
    ['as the second argument', (options: { enabled: boolean }) => [options] as const],
    ['behind null', (options: { enabled: boolean }) => [null, options] as const],
    ['behind undefined', (options: { enabled: boolean }) => [undefined, options] as const],
  ])('%s', async (_place, args) => {
    const { result, rerender } = renderHook(
      ({ enabled }) => useRoom(room, ...(args({ enabled }) as [{ enabled: boolean }])),
      { wrapper: ada.wrapper, initialProps: { enabled: false } },
    );
    await world.advance(50);
    expect([result.current.status, world.server.stats().rooms]).toEqual(['left', 0]);
    rerender({ enabled: true });
    await waitFor(() => {
      expect(result.current.status).toBe('joined');
    });
  });

  test('and none', async () => {
    const { result } = renderHook(() => useRoom(room), { wrapper: ada.wrapper });
    await waitFor(() => {
      expect(result.current.status).toBe('joined');
    });
  });
});

test('within an async action useSend shows that it is pending, and why it failed', async () => {
  const { result } = renderHook(
    () => {
      const room = useRoom(chat, { id: '1' });
      return { room, sending: useSend(room, 'post') };
    },
    { wrapper: ada.wrapper },
  );
  await waitFor(() => {
    expect(result.current.room.status).toBe('joined');
  });
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  ada.network.stall();
  act(() => {
    startTransition(async () => {
      await result.current.sending[0]({ text: 'forbidden' }).catch(() => undefined);
      await finished;
    });
  });
  await waitFor(() => {
    expect(result.current.sending[1].pending).toBe(true);
  });
  ada.network.restore();
  // The action is not over yet.
  await waitFor(() => {
    expect([result.current.sending[1].pending, result.current.sending[1].error?.code]).toEqual([
      false,
      'rejected',
    ]);
  });
  await act(async () => {
    finish();
    await finished;
  });
});
