import { useEffect, useInsertionEffect, useRef } from 'react';
import type { TypeOf } from '../contract/infer.js';
import type { ListenOptions, Room } from '../client/rooms/room.js';
import type { MessageIn } from '../client/rooms/types.js';
import { roomHandle } from './room-of.js';

/**
 * Calls `handler` for each message of a type, in order, broadcasts included. It never renders by itself.
 *
 * - The newest `handler` is called. A handler that throws does not affect other handlers: the client emits `error`.
 * - A handler is called once for each message, even if the server lost its log and got the message again.
 * - With `where`, it is called only for messages whose data has these values. Use it for the rows of a table.
 *
 * @example
 * useMessage(room, 'price', ({ data }) => setPrice(data.price), { where: { symbol } });
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
  // An app often writes `where` in place, as a new object at each render. Its content is compared.
  const whereKey = JSON.stringify(where);
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
  }, [handle, type, whereKey]);
}
