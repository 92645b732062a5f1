import { useCallback, useMemo, useState } from 'react';
import type { SendOf, TypeOf } from '../contract/infer.js';
import type { Receipt } from '../client/machine/effects.js';
import type { Room, SendOptions } from '../client/room-handle.js';
import { RealtimeError } from '../protocol/error.js';
import { roomHandle } from './room-of.js';

export interface SendState {
  /** Whether one of this hook's sends is unsettled. */
  readonly pending: boolean;
  /** Why the newest failure failed, until the next success or `reset`. */
  readonly error: RealtimeError | null;
  readonly reset: () => void;
}

const asError = (error: unknown): RealtimeError =>
  error instanceof RealtimeError ? error : new RealtimeError('invalid', String(error));

/** A function that sends messages of one type, and what became of them. Renders again when its own sends change. */
export function useSend<R, T extends TypeOf<R>>(
  room: Room<R>,
  type: T,
): readonly [send: (data: SendOf<R, T>, options?: SendOptions) => Promise<Receipt>, state: SendState] {
  const [{ count, error }, setState] = useState<{
    readonly count: number;
    readonly error: RealtimeError | null;
  }>({ count: 0, error: null });
  const handle = roomHandle.lasting(room);
  const send = useCallback(
    (data: SendOf<R, T>, options?: SendOptions) => {
      const sent = handle.send(type, data, options);
      setState((before) => ({ ...before, count: before.count + 1 }));
      const settled = (failure: RealtimeError | null): void => {
        setState((before) => ({ count: before.count - 1, error: failure }));
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
    [handle, type],
  );
  const reset = useCallback(() => {
    setState((before) => ({ ...before, error: null }));
  }, []);
  const state = useMemo(() => ({ pending: count > 0, error, reset }), [count, error, reset]);
  return [send, state];
}
