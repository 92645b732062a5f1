import { useCallback, useMemo, useState } from 'react';
import { createStore, useStore } from 'zustand';
import type { SendOf, TypeOf } from '../contract/infer.js';
import type { Receipt } from '../client/machine/model/effects.js';
import type { Room, SendOptions } from '../client/rooms/room.js';
import { RealtimeError } from '../protocol/error.js';
import { roomHandle } from './room-of.js';

export interface SendState {
  /** True while a message of this hook has no answer. */
  readonly pending: boolean;
  /** The error of the last failed message, until the next success or `reset`. */
  readonly error: RealtimeError | null;
  /** Sets `error` to null. */
  readonly reset: () => void;
}

/** It is in a store of its own: React holds back state that is set within an async action until the action is over. */
interface SendCounts {
  readonly count: number;
  readonly error: RealtimeError | null;
}

const asError = (error: unknown): RealtimeError =>
  error instanceof RealtimeError ? error : new RealtimeError('invalid', String(error));

/**
 * Returns a function that sends messages of one type, and the state of its messages. It renders again when that state
 * changes. The function returns the promise of `room.send`, which need not be caught.
 *
 * @example
 * const [send, { pending, error }] = useSend(room, 'said');
 * return <button disabled={pending} onClick={() => send({ text })}>Send</button>;
 */
export function useSend<R, T extends TypeOf<R>>(
  room: Room<R>,
  type: T,
): readonly [send: (data: SendOf<R, T>, options?: SendOptions) => Promise<Receipt>, state: SendState] {
  const [store] = useState(() => createStore<SendCounts>(() => ({ count: 0, error: null })));
  const { count, error } = useStore(store);
  const handle = roomHandle.lasting(room);
  const send = useCallback(
    (data: SendOf<R, T>, options?: SendOptions) => {
      const sent = handle.send(type, data, options);
      store.setState(({ count: before }) => ({ count: before + 1 }));
      const countSettled = (failure: RealtimeError | null): void => {
        store.setState(({ count: before }) => ({ count: before - 1, error: failure }));
      };
      sent.then(
        () => {
          countSettled(null);
        },
        (reason: unknown) => {
          countSettled(asError(reason));
        },
      );
      return sent;
    },
    [handle, type, store],
  );
  const reset = useCallback(() => {
    store.setState({ error: null });
  }, [store]);
  const state = useMemo(() => ({ pending: count > 0, error, reset }), [count, error, reset]);
  return [send, state];
}
