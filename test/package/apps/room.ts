// The contract that both halves of an app share.
import { defineRoom, type } from 'roomful/room';
import { z } from 'zod';

export const chat = defineRoom('chat/:id', {
  messages: {
    post: z.object({ text: z.string() }),
    cursor: type<{ readonly x: number; readonly y: number }>(),
  },
  presence: z.object({ name: z.string() }),
});

export const idIn = (room: string): string | null => chat.match(room)?.id ?? null;
