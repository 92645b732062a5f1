// useRoom: every status of a room.
import type { Meta, StoryObj } from '@storybook/react-vite';
import { expect, waitFor } from 'storybook/test';
import { stageOf } from '../kit/stage-of.js';
import { chat } from '../kit/rooms.js';
import { sample, staged } from '../kit/staged.js';
import { RoomState } from './samples/room.js';
import source from './samples/room.tsx?raw';

const meta = {
  title: 'Hooks/useRoom',
  component: RoomState,
  args: { id: 'tea', enabled: true },
  argTypes: { id: { control: 'text' }, enabled: { control: 'boolean' } },
  parameters: sample(
    source,
    '`useRoom(room, params?, { presence?, enabled?, history? }?)`: joins on mount, leaves when its last user unmounts, whoever else used it. It renders when `status`, `continuity` or `error` change, and what it returns is another object then; calls on an older one still work. `room.send` is durable, `room.broadcast` is not.',
  ),
} satisfies Meta<typeof RoomState>;
export default meta;
type Story = StoryObj<typeof meta>;

const shows = (canvas: HTMLElement, status: string): Promise<void> =>
  waitFor(() => expect(canvas.querySelector('.figure')).toHaveTextContent(new RegExp(`^${status}$`)));

/** Asked for, and not answered yet. */
export const Joining: Story = {
  decorators: [
    staged({
      before: ({ world }) => {
        world.network.stall();
      },
    }),
  ],
  play: async ({ canvasElement }) => {
    await shows(canvasElement, 'joining');
  },
};

/** In the room. */
export const Joined: Story = {
  decorators: [staged()],
  play: async ({ canvasElement }) => {
    await shows(canvasElement, 'joined');
  },
};

/** The connection is away; the room is joined again with it. */
export const Reconnecting: Story = {
  decorators: [staged()],
  play: async ({ canvasElement }) => {
    await shows(canvasElement, 'joined');
    (await stageOf(canvasElement)).user('Ada').network.cut();
    await shows(canvasElement, 'reconnecting');
  },
};

/** Back, with everything that was missed. */
export const Recovered: Story = {
  decorators: [staged()],
  play: async ({ canvasElement }) => {
    await shows(canvasElement, 'joined');
    (await stageOf(canvasElement)).user('Ada').network.drop();
    await waitFor(() => expect(canvasElement).toHaveTextContent('Continuityrecovered'));
    await shows(canvasElement, 'joined');
  },
};

/** The server lost its log: what was missed cannot be had, and the room says so. */
export const Reset: Story = {
  decorators: [staged()],
  play: async ({ canvasElement }) => {
    await shows(canvasElement, 'joined');
    const { world, user } = await stageOf(canvasElement);
    await user('Bob').client.room(chat, { id: 'tea' }).send('post', { text: 'hello' });
    await world.restartServer();
    await waitFor(() => expect(canvasElement).toHaveTextContent('Continuityreset'));
  },
};

/** The server does not let this user in. */
export const Denied: Story = {
  args: { id: 'private' },
  decorators: [staged({ people: ['Eve'] })],
  play: async ({ canvasElement }) => {
    await shows(canvasElement, 'denied');
    await expect(canvasElement.querySelector('[role=alert]')).toBeVisible();
  },
};

/** Not wanted yet. */
export const Disabled: Story = {
  args: { enabled: false },
  decorators: [staged()],
  play: async ({ canvasElement }) => {
    await shows(canvasElement, 'left');
  },
};
