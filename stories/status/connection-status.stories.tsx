// The status kit, as it comes and restyled.
import type { Meta, StoryObj } from '@storybook/react-vite';
import { ConnectionStatus } from 'roomful/status';
import { expect, userEvent, waitFor, within } from 'storybook/test';
import { stageOf } from '../kit/stage-of.js';
import { sample, staged } from '../kit/staged.js';
import { Banner } from './samples/banner.js';
import source from './samples/banner.tsx?raw';

const meta = {
  title: 'Status/ConnectionStatus',
  component: ConnectionStatus,
  decorators: [staged()],
  parameters: sample(
    source,
    'What the connection does, in words for people, announced politely. An interruption of less than five seconds is not worth a word. Unstyled: `data-phase` and `data-part` are what styles hold on to; `labels` are its words; `useConnectionStatus()` is what it shows, for one of your own.',
  ),
} satisfies Meta<typeof ConnectionStatus>;
export default meta;
type Story = StoryObj<typeof meta>;

const says = (canvas: HTMLElement, text: string): Promise<void> =>
  waitFor(() => expect(within(canvas).getByRole('status')).toHaveTextContent(text));

/** As it comes. */
export const Connected: Story = {
  play: async ({ canvasElement }) => {
    await says(canvasElement, 'Connected');
  },
};

/** Away for more than five seconds: what happens to what is written, when the next try is, and a button. */
export const Lost: Story = {
  play: async ({ canvasElement }) => {
    await says(canvasElement, 'Connected');
    const { network } = (await stageOf(canvasElement)).user('Ada');
    network.cut();
    await says(canvasElement, 'Connection lost');
    network.restore();
    await userEvent.click(within(canvasElement).getByRole('button', { name: 'Retry now' }));
    await says(canvasElement, 'Connected');
  },
};

/** No network at all. */
export const Offline: Story = {
  play: async ({ canvasElement }) => {
    await says(canvasElement, 'Connected');
    const { network, signal } = (await stageOf(canvasElement)).user('Ada');
    network.cut();
    signal('offline');
    await says(canvasElement, 'You are offline');
  },
};

/** The token was refused. */
export const NeedsAuth: Story = {
  play: async ({ canvasElement }) => {
    await says(canvasElement, 'Connected');
    const stage = await stageOf(canvasElement);
    stage.letIn(false);
    stage.user('Ada').network.drop();
    await says(canvasElement, 'Please sign in again');
  },
};

/** Other words. */
export const InGerman: Story = {
  args: {
    labels: { phases: { connected: 'Verbunden', lost: 'Verbindung verloren' }, retry: 'Jetzt versuchen' },
  },
  play: async ({ canvasElement }) => {
    await says(canvasElement, 'Verbunden');
  },
};

/** A banner of one's own, which appears only where there is something to say. */
export const Restyled: Story = {
  render: () => <Banner />,
  play: async ({ canvasElement }) => {
    await says(canvasElement, 'Connected');
    (await stageOf(canvasElement)).user('Ada').network.cut();
    await waitFor(() =>
      expect(within(canvasElement).getByRole('button', { name: /^Try now/ })).toBeVisible(),
    );
  },
};
