// The one room of these tests: who says what, with a number each.
import { defineRoom, type } from '../../../src/contract/index.js';

export interface Said {
  readonly by: string;
  readonly number: number;
}

export const line = defineRoom('line', { messages: { say: type<Said>() } });
