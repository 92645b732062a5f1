// useRealtime: the client itself.
import type { Meta, StoryObj } from '@storybook/react-vite';
import { expect, userEvent, waitFor, within } from 'storybook/test';
import { stageOf } from '../kit/stage-of.js';
import { sample, staged } from '../kit/staged.js';
import { Controls } from './samples/realtime.js';
import source from './samples/realtime.tsx?raw';

const meta = {
  title: 'Hooks/useRealtime',
  component: Controls,
  decorators: [staged()],
  parameters: sample(
    source,
    '`useRealtime()`: the client of the provider around it, for what is no state: `connect()`, `close()`, `reconnect()`, `on(event, handler)`. It never renders. Throws outside a provider.',
  ),
} satisfies Meta<typeof Controls>;
export default meta;
type Story = StoryObj<typeof meta>;

/** Closed and connected again by the app. */
export const ByHand: Story = {
  play: async ({ canvasElement }) => {
    const { client } = (await stageOf(canvasElement)).user('Ada');
    const status = (): string => client.store.getState().connection.status;
    await waitFor(() => expect(status()).toBe('connected'));
    await userEvent.click(within(canvasElement).getByRole('button', { name: 'Close' }));
    await waitFor(() => expect(status()).toBe('closed'));
    await userEvent.click(within(canvasElement).getByRole('button', { name: 'Connect' }));
    await waitFor(() => expect(status()).toBe('connected'));
  },
};
