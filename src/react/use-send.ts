import { useCallback, useMemo, useState } from 'react';
import { createStore, useStore } from 'zustand';
import type { SendOf, TypeOf } from '../contract/infer.js';
import type { Receipt } from '../client/machine/model/effects.js';
import type { Room, SendOptions } from '../client/rooms/room.js';
import { RealtimeError } from '../protocol/error.js';
import { roomHandle } from './room-of.js';

export interface SendState {
  /** Whether one of this hook's sends is unsettled. */
  readonly pending: boolean;
  /** Why the newest failure failed, until the next success or `reset`. */
  readonly error: RealtimeError | null;
  readonly reset: () => void;
}

/** A store of its own and no state: React holds back state that is set within an async action until the action is over. */
interface Sends {
  readonly count: number;
  readonly error: RealtimeError | null;
}

const asError = (error: unknown): RealtimeError =>
  error instanceof RealtimeError ? error : new RealtimeError('invalid', String(error));

/** A function that sends messages of one type, and what became of them. Renders again when its own sends change. */
export function useSend<R, T extends TypeOf<R>>(
  room: Room<R>,
  type: T,
): readonly [send: (data: SendOf<R, T>, options?: SendOptions) => Promise<Receipt>, state: SendState] {
  const [store] = useState(() => createStore<Sends>(() => ({ count: 0, error: null })));
  const { count, error } = useStore(store);
  const handle = roomHandle.lasting(room);
  const send = useCallback(
    (data: SendOf<R, T>, options?: SendOptions) => {
      const sent = handle.send(type, data, options);
      store.setState(({ count: before }) => ({ count: before + 1 }));
      const settled = (failure: RealtimeError | null): void => {
        store.setState(({ count: before }) => ({ count: before - 1, error: failure }));
      };
      sent.then(
        () => {
          settled(null);
        },
        (reason: unknown) => {
          settled(asError(reason));
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
