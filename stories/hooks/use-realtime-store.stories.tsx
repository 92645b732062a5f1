// useRealtimeStore: anything in the store.
import type { Meta, StoryObj } from '@storybook/react-vite';
import { expect, waitFor } from 'storybook/test';
import { chat } from '../kit/rooms.js';
import { stageOf } from '../kit/stage-of.js';
import { sample, staged } from '../kit/staged.js';
import { Summary } from './samples/realtime-store.js';
import source from './samples/realtime-store.tsx?raw';

const meta = {
  title: 'Hooks/useRealtimeStore',
  component: Summary,
  decorators: [staged()],
  parameters: sample(
    source,
    "`useRealtimeStore(selector)`: a selection of the client's store, `{ connection, latency, rooms, outbox }`. Selections are compared with `Object.is`, then shallowly; it renders when the selection changes.",
  ),
} satisfies Meta<typeof Summary>;
export default meta;
type Story = StoryObj<typeof meta>;

/** Two rooms, and nothing waits. */
export const Joined: Story = {
  play: async ({ canvasElement }) => {
    await waitFor(() => expect(canvasElement).toHaveTextContent('2 rooms joined, 0 messages waiting'));
  },
};

/** Messages wait while the network is away. */
export const Waiting: Story = {
  play: async ({ canvasElement }) => {
    const { client, network } = (await stageOf(canvasElement)).user('Ada');
    network.cut();
    for (const text of ['one', 'two'])
      void client
        .room(chat, { id: 'tea' })
        .send('post', { text })
        .catch(() => undefined);
    await waitFor(() => expect(canvasElement).toHaveTextContent('2 messages waiting'));
  },
};
