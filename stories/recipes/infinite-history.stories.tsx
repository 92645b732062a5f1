// Older messages, as somebody scrolls to them.
import type { Meta, StoryObj } from '@storybook/react-vite';
import { expect, waitFor, within } from 'storybook/test';
import { chat } from '../kit/rooms.js';
import { sample, staged } from '../kit/staged.js';
import { History } from './samples/infinite-history.js';
import source from './samples/infinite-history.tsx?raw';

const meta = {
  title: 'Recipes/Infinite history',
  component: History,
  decorators: [
    staged({
      before: ({ world }) => {
        for (let index = 1; index <= 90; index++)
          void world.server.room(chat, { id: 'tea' }).send('post', { text: `number ${index}` });
      },
    }),
  ],
  parameters: sample(source, '`loadOlder()` when the top comes into view, for as long as `hasOlder`.'),
} satisfies Meta<typeof History>;
export default meta;
type Story = StoryObj<typeof meta>;

/** Scrolled to where it began. */
export const ToTheTop: Story = {
  play: async ({ canvasElement }) => {
    const canvas = within(canvasElement);
    const region = await canvas.findByRole('region', { name: /^History/ });
    await waitFor(() => {
      region.scrollTop = 0;
      return expect(canvas.queryAllByRole('listitem')).toHaveLength(90);
    });
    await expect(canvas.getByText('This is where it began.')).toBeInTheDocument();
  },
};
