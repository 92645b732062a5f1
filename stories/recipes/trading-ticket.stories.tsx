// An order that must not be filled late.
import type { Meta, StoryObj } from '@storybook/react-vite';
import { expect, userEvent, waitFor, within } from 'storybook/test';
import { market } from '../kit/rooms.js';
import { Speak } from '../kit/speak.js';
import { stageOf } from '../kit/stage-of.js';
import { sample, staged } from '../kit/staged.js';
import { Ticket } from './samples/trading-ticket.js';
import source from './samples/trading-ticket.tsx?raw';

const meta = {
  title: 'Recipes/Trading ticket',
  component: Ticket,
  args: { symbol: 'TEA' },
  decorators: [
    staged(
      { offstage: [] },
      <Speak
        label="New price"
        act={({ world }) => {
          void world.server.room(market, { symbol: 'TEA' }).send('price', { price: 100 + Math.random() * 5 });
        }}
      />,
    ),
  ],
  parameters: sample(
    source,
    'An order with a `ttl`: where the network is away, it expires instead of being filled at a price of an hour ago. What left, and was not answered, is never called expired.',
  ),
} satisfies Meta<typeof Ticket>;
export default meta;
type Story = StoryObj<typeof meta>;

const says = (canvas: HTMLElement, text: string): Promise<void> =>
  waitFor(() => expect(within(canvas).getByRole('status')).toHaveTextContent(text));
const buy = (canvas: HTMLElement): Promise<void> =>
  userEvent.click(within(canvas).getByRole('button', { name: 'Buy 100' }));

/** Filled: the server's handler answered, and its answer came with the receipt. */
export const Filled: Story = {
  play: async ({ canvasElement }) => {
    await stageOf(canvasElement);
    await buy(canvasElement);
    await says(canvasElement, 'Filled 100');
  },
};

/** Offline: the order never leaves, and says so after five seconds. */
export const Offline: Story = {
  play: async ({ canvasElement }) => {
    const { client, network } = (await stageOf(canvasElement)).user('Ada');
    await waitFor(() => expect(client.store.getState().rooms['market/TEA']?.status).toBe('joined'));
    network.cut();
    await buy(canvasElement);
    await says(canvasElement, 'On its way');
    await says(canvasElement, 'Expired: it never left');
  },
};
