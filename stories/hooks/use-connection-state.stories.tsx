// useConnectionState in every state that there is.
import type { Meta, StoryObj } from '@storybook/react-vite';
import { renderToString } from 'react-dom/server';
import { RealtimeProvider } from 'roomful';
import { expect, waitFor, within } from 'storybook/test';
import { stageOf } from '../kit/stage-of.js';
import { sample, staged } from '../kit/staged.js';
import { Connection } from './samples/connection-state.js';
import source from './samples/connection-state.tsx?raw';

const meta = {
  title: 'Hooks/useConnectionState',
  component: Connection,
  parameters: sample(
    source,
    'What the connection does, or a selection of it: `useConnectionState()` or `useConnectionState((state) => state.status)`. Renders when the selection changes; a heartbeat changes nothing in it. On a server render it is `idle`. `lost` becomes true once a connection is away for more than five seconds: only then tell a person.',
  ),
} satisfies Meta<typeof Connection>;
export default meta;
type Story = StoryObj<typeof meta>;

const shows = (canvas: HTMLElement, status: string): Promise<void> =>
  waitFor(() => expect(canvas.querySelector('.figure')).toHaveTextContent(status));

/** Nothing was asked for yet: so it is on every server render, whose HTML this is. */
export const Idle: Story = {
  render: () => (
    <div
      className="stage"
      dangerouslySetInnerHTML={{
        __html: renderToString(
          <RealtimeProvider url="wss://app.example.com/realtime">
            <Connection />
          </RealtimeProvider>,
        ),
      }}
    />
  ),
  play: async ({ canvasElement }) => {
    await shows(canvasElement, 'idle');
  },
};

/** The network takes its time: the socket is not open yet. */
export const Connecting: Story = {
  decorators: [
    staged({
      before: ({ world }) => {
        world.network.stall();
      },
    }),
  ],
  play: async ({ canvasElement }) => {
    await shows(canvasElement, 'connecting');
  },
};

/** The usual state. */
export const Connected: Story = {
  decorators: [staged()],
  play: async ({ canvasElement }) => {
    await shows(canvasElement, 'connected');
    await expect(canvasElement).toHaveTextContent('websocket');
  },
};

/** The network is gone: attempts follow each other with backoff. */
export const Reconnecting: Story = {
  decorators: [staged()],
  play: async ({ canvasElement }) => {
    await shows(canvasElement, 'connected');
    (await stageOf(canvasElement)).user('Ada').network.cut();
    await shows(canvasElement, 'reconnecting');
    await expect(canvasElement).toHaveTextContent('it may be back in a moment');
  },
};

/** Five seconds later it is worth telling a person. */
export const Lost: Story = {
  decorators: [staged()],
  play: async ({ canvasElement }) => {
    await shows(canvasElement, 'connected');
    (await stageOf(canvasElement)).user('Ada').network.cut();
    await waitFor(() => expect(canvasElement).toHaveTextContent('worth telling a person'));
  },
};

/** After a cut the session goes on where it was. */
export const Recovered: Story = {
  decorators: [staged()],
  play: async ({ canvasElement }) => {
    await shows(canvasElement, 'connected');
    (await stageOf(canvasElement)).user('Ada').network.drop();
    await waitFor(() => expect(canvasElement).toHaveTextContent('Recoveredyes'));
  },
};

/** The browser says that there is no network: no attempt is spent. */
export const Offline: Story = {
  decorators: [staged()],
  play: async ({ canvasElement }) => {
    await shows(canvasElement, 'connected');
    const { network, signal } = (await stageOf(canvasElement)).user('Ada');
    network.cut();
    signal('offline');
    await shows(canvasElement, 'offline');
  },
};

/** The token was refused for good: the client waits until the app connects again. */
export const NeedsAuth: Story = {
  decorators: [staged()],
  play: async ({ canvasElement }) => {
    await shows(canvasElement, 'connected');
    const stage = await stageOf(canvasElement);
    stage.letIn(false);
    stage.user('Ada').network.drop();
    await shows(canvasElement, 'needs-auth');
    stage.letIn(true);
    await expect(canvasElement).toHaveTextContent('4401');
  },
};

/** Closed by the app. */
export const Closed: Story = {
  decorators: [staged()],
  play: async ({ canvasElement }) => {
    await shows(canvasElement, 'connected');
    (await stageOf(canvasElement)).user('Ada').client.close();
    await shows(canvasElement, 'closed');
    await expect(within(canvasElement).getByRole('button', { name: 'Connect' })).toBeEnabled();
  },
};
