// A backlog on its way, and messages that were not sent.
import type { Meta, StoryObj } from '@storybook/react-vite';
import { expect, userEvent, waitFor, within } from 'storybook/test';
import { stageOf } from '../kit/stage-of.js';
import { sample, staged } from '../kit/staged.js';
import { Backlog } from './samples/outbox.js';
import { Pill } from './samples/pill.js';
import source from './samples/outbox.tsx?raw';

const meta = {
  title: 'Status/OutboxProgress',
  component: Backlog,
  args: { text: 'hello' },
  decorators: [staged({ options: { outbox: { window: 1 } } })],
  parameters: sample(
    source,
    'A progress bar while what was kept is sent, and what to do about messages that failed. Unstyled: `data-part` is what styles hold on to.',
  ),
} satisfies Meta<typeof Backlog>;
export default meta;
type Story = StoryObj<typeof meta>;

/** Twenty messages were written offline; the network is back. */
export const Sending: Story = {
  play: async ({ canvasElement }) => {
    const { client, network } = (await stageOf(canvasElement)).user('Ada');
    await waitFor(() => expect(client.store.getState().rooms['chat/tea']?.status).toBe('joined'));
    network.cut();
    await userEvent.click(within(canvasElement).getByRole('button', { name: 'Send twenty' }));
    network.restore();
    await waitFor(() => expect(within(canvasElement).getByRole('progressbar')).toBeVisible());
    await waitFor(() => expect(within(canvasElement).queryByRole('progressbar')).toBeNull());
  },
};

/** The server refused them all. */
export const Failed: Story = {
  args: { text: 'a bad word' },
  play: async ({ canvasElement }) => {
    await stageOf(canvasElement);
    await userEvent.click(within(canvasElement).getByRole('button', { name: 'Send twenty' }));
    await waitFor(() =>
      expect(within(canvasElement).getByRole('status')).toHaveTextContent('20 messages were not sent'),
    );
    await userEvent.click(within(canvasElement).getByRole('button', { name: 'Discard' }));
    await waitFor(() => expect(within(canvasElement).getByRole('status')).toHaveTextContent(/^$/));
  },
};

/** In clothes and words of one's own. */
export const Restyled: Story = {
  args: { text: 'a bad word' },
  render: ({ text }) => <Pill text={text} />,
  play: async ({ canvasElement }) => {
    await stageOf(canvasElement);
    await userEvent.click(within(canvasElement).getByRole('button', { name: 'Send' }));
    await waitFor(() => expect(within(canvasElement).getByRole('status')).toHaveTextContent('1 stayed here'));
  },
};
