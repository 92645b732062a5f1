// What is said in the demo's rooms, and what do people show of themselves there? Both ends read this file.
import { defineRoom } from 'roomful/room';
import { z } from 'zod';

const name = z.string().trim().min(1).max(32);
const colour = z.string().regex(/^#[0-9a-f]{6}$/);
const fraction = z.number().min(0).max(1);

/** Who a visitor says they are. A real app would sign this. */
export const identitySchema = z.object({ id: z.string().regex(/^[\w-]{8,64}$/), name, colour });
export type Identity = z.infer<typeof identitySchema>;

export const symbols = [
  'ACRN',
  'BIRC',
  'CEDR',
  'DHLA',
  'ELMS',
  'FERN',
  'HAZL',
  'IRIS',
  'MAPL',
  'OAKS',
  'PINE',
  'WLLW',
] as const;
const symbol = z.enum(symbols);
export type Ticker = (typeof symbols)[number];

export const chat = defineRoom('chat/:id', {
  messages: { post: z.object({ text: z.string().trim().min(1).max(500) }) },
  presence: z.object({ name, colour, typing: z.boolean() }),
});

export const board = defineRoom('board/:id', {
  messages: { ripple: z.object({ x: fraction, y: fraction, colour }) },
  presence: z.object({ name, colour, cursor: z.object({ x: fraction, y: fraction }).nullable() }),
});

export const ticker = defineRoom('ticker', {
  messages: { price: z.object({ symbol, price: z.number().positive() }) },
});

/** The desk refuses more than this: the page does not, so that a refusal can be seen. */
export const orderLimit = 10_000;

export const orders = defineRoom('orders/:trader', {
  messages: {
    // `booking` is the desk's to give: whatever a client writes there is replaced.
    order: z.object({
      symbol,
      side: z.enum(['buy', 'sell']),
      amount: z.number().int().min(1).max(1_000_000),
      booking: z.number().int().optional(),
    }),
  },
});

/** What the desk answers, as a receipt's `result`. */
export const bookingSchema = z.object({ booking: z.number().int() });
