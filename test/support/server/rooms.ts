// The rooms that tests talk in.
import { z } from 'zod';
import { defineRoom, type } from '../../../src/contract/index.js';
import { serve, type ServedRoom } from '../../../src/server/rooms/serve.js';

export const chat = defineRoom('chat/:id', {
  messages: {
    post: z.object({ text: z.string().max(2_000) }),
    edit: {
      schema: z.object({ text: z.string(), at: z.number() }),
      version: 2,
      upgrade: { 1: (old: { text: string }) => ({ ...old, at: 0 }) },
    },
    bytes: type<{ body: Uint8Array }>(),
    cursor: type<{ x: number; y: number }>(),
    order: z.object({ amount: z.number().positive() }),
  },
  presence: z.object({ name: z.string(), typing: z.boolean().optional() }),
});

export const closedRoom = defineRoom('closed/:id', { messages: { post: z.object({ text: z.string() }) } });

/** How often the handler of `order` ran, by message id. */
export interface Handled {
  readonly ids: string[];
}

export function servedRooms(handled: Handled = { ids: [] }): readonly ServedRoom[] {
  return [
    serve(chat, {
      authorize: ({ action, user, type: message, data }) =>
        !(action === 'send' && message === 'post' && (data as { text: string }).text === 'forbidden') &&
        !(action === 'join' && user?.id === 'banned'),
      on: {
        order(message, { reject }) {
          handled.ids.push(message.id);
          if (message.data.amount > 1_000) reject('too much', { most: 1_000 });
          return { booked: message.data.amount };
        },
      },
      history: { limit: 200 },
      presence: true,
    }),
    serve(closedRoom, { authorize: () => false }),
    serve('lobby'),
  ];
}
