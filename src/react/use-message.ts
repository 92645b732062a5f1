import { useEffect, useInsertionEffect, useRef } from 'react';
import type { TypeOf } from '../contract/infer.js';
import type { Room } from '../client/room-handle.js';
import type { MessageIn } from '../client/types.js';

/**
 * Calls `handler` for each message of a type, once, in order, outside of rendering; broadcasts too. The newest handler is called; one that throws breaks no
 * other. Never renders.
 */
export function useMessage<R, T extends TypeOf<R>>(room: Room<R>, type: T, handler: (message: MessageIn<R, T>) => void): void {
  const latest = useRef(handler);
  useInsertionEffect(() => {
    latest.current = handler;
  });
  useEffect(() => room.on(type, (message) => {
    latest.current(message);
  }), [room, type]);
}
