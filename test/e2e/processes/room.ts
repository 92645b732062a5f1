import { defineRoom, type } from '../../../src/contract/index.js';

export const line = defineRoom('line/:id', {
  messages: { say: type<{ readonly by: string; readonly n: number }>() },
});
