// useLatency: measured by the heartbeat.
import type { Meta, StoryObj } from '@storybook/react-vite';
import { expect, waitFor } from 'storybook/test';
import { stageOf } from '../kit/stage-of.js';
import { sample, staged } from '../kit/staged.js';
import { RoundTrip } from './samples/latency.js';
import source from './samples/latency.tsx?raw';

const meta = {
  title: 'Hooks/useLatency',
  component: RoundTrip,
  parameters: sample(
    source,
    'Round trips in ms as the heartbeat measures them: `{ last, average, jitter }`, or null before the first. Renders when a pong arrives, and not otherwise.',
  ),
} satisfies Meta<typeof RoundTrip>;
export default meta;
type Story = StoryObj<typeof meta>;

const frequent = { heartbeat: { interval: 500, timeout: 5_000 } };
const millisecondsIn = (canvas: HTMLElement): number =>
  Number.parseInt(canvas.querySelector('.figure')?.textContent ?? '', 10);

/** Before there is a connection. */
export const NotMeasured: Story = {
  decorators: [
    staged({
      before: ({ world }) => {
        world.network.cut();
      },
    }),
  ],
  play: async ({ canvasElement }) => {
    await waitFor(() => expect(canvasElement).toHaveTextContent('Not measured yet.'));
  },
};

/** A good network. */
export const Near: Story = {
  decorators: [staged({ options: frequent })],
  play: async ({ canvasElement }) => {
    await waitFor(() => expect(millisecondsIn(canvasElement)).toBeGreaterThan(20));
  },
};

/** The same user, far away. */
export const Far: Story = {
  decorators: [staged({ options: frequent })],
  play: async ({ canvasElement }) => {
    (await stageOf(canvasElement)).user('Ada').network.latency(200);
    await waitFor(() => expect(millisecondsIn(canvasElement)).toBeGreaterThan(380));
  },
};
