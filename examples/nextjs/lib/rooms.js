import { defineRoom } from 'roomful/room';
import { z } from 'zod';

export const chat = defineRoom('chat/:id', {
  messages: { post: z.object({ text: z.string().min(1).max(2_000) }) },
});
