import { useEffect, useInsertionEffect, useRef } from 'react';
import type { TypeOf } from '../contract/infer.js';
import type { ListenOptions, Room } from '../client/rooms/room.js';
import type { MessageIn } from '../client/rooms/types.js';
import { roomHandle } from './room-of.js';

/**
 * Calls `handler` for each message of a type, once, in order, outside of rendering; broadcasts too. The newest handler is called; one that throws breaks no
 * other. A message that a page has told of is not told again in that page, even where the log was lost and got it
 * again. Never renders. With `where` only for those whose data has these values: a row of a table that shows one
 * thing is not called for the others.
 */
export function useMessage<R, T extends TypeOf<R>>(
  room: Room<R>,
  type: T,
  handler: (message: MessageIn<R, T>) => void,
  { where }: ListenOptions<R, T> = {},
): void {
  const latest = useRef({ handler, where });
  useInsertionEffect(() => {
    latest.current = { handler, where };
  });
  // Often written in place: what counts is what it holds.
  const key = JSON.stringify(where);
  const handle = roomHandle.lasting(room);
  useEffect(() => {
    const options = latest.current.where && { where: latest.current.where };
    return handle.on(
      type,
      (message) => {
        latest.current.handler(message);
      },
      options,
    );
  }, [handle, type, key]);
}
