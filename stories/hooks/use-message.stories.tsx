// useMessage: each message once, in order, outside render.
import type { Meta, StoryObj } from '@storybook/react-vite';
import { expect, waitFor } from 'storybook/test';
import { Speak } from '../kit/speak.js';
import { chat } from '../kit/rooms.js';
import { stageOf } from '../kit/stage-of.js';
import { sample, staged } from '../kit/staged.js';
import { Waves } from './samples/message.js';
import source from './samples/message.tsx?raw';

const meta = {
  title: 'Hooks/useMessage',
  component: Waves,
  args: { broken: false },
  parameters: sample(
    source,
    "`useMessage(room, type, handler)`: calls the handler for each message once, in order, outside render. The newest handler is called; one that throws breaks no other, and is reported to the client's `logger`. It never renders by itself. What was missed is caught up with after a cut; messages of the history that a room is joined with are not handed to it.",
  ),
} satisfies Meta<typeof Waves>;
export default meta;

const bob = (
  <Speak
    label="Bob waves"
    act={({ user }) => {
      void user('Bob').client.room(chat, { id: 'tea' }).send('wave', { from: 'Bob' });
    }}
  />
);
const onStage = [staged({}, bob)];
type Story = StoryObj<typeof meta>;

const counts = (canvas: HTMLElement, count: number): Promise<void> =>
  waitFor(() => expect(canvas.querySelector('.figure')).toHaveTextContent(new RegExp(`^${count}$`)));
const wave = async (canvas: HTMLElement, times: number): Promise<void> => {
  const room = (await stageOf(canvas)).user('Bob').client.room(chat, { id: 'tea' });
  await Promise.all(Array.from({ length: times }, () => room.send('wave', { from: 'Bob' })));
};
const inside = async (canvas: HTMLElement): Promise<void> => {
  const { client } = (await stageOf(canvas)).user('Ada');
  await waitFor(() => expect(client.store.getState().rooms['chat/tea']?.status).toBe('joined'));
};

/** Nobody waved. */
export const None: Story = {
  decorators: onStage,
  play: async ({ canvasElement }) => {
    await counts(canvasElement, 0);
  },
};

/** One message, one call. */
export const One: Story = {
  decorators: onStage,
  play: async ({ canvasElement }) => {
    await inside(canvasElement);
    await wave(canvasElement, 1);
    await counts(canvasElement, 1);
    await expect(canvasElement).toHaveTextContent('Last to wave: Bob');
  },
};

/** Fifty at once: fifty calls, in one render. */
export const Many: Story = {
  decorators: onStage,
  play: async ({ canvasElement }) => {
    await inside(canvasElement);
    await wave(canvasElement, 50);
    await counts(canvasElement, 50);
  },
};

/** A cut in between: each is still called once. */
export const AcrossACut: Story = {
  decorators: onStage,
  play: async ({ canvasElement }) => {
    await inside(canvasElement);
    const { network } = (await stageOf(canvasElement)).user('Ada');
    await wave(canvasElement, 3);
    network.cut();
    await wave(canvasElement, 4);
    network.restore();
    await counts(canvasElement, 7);
  },
};

/** A handler that throws breaks no other. */
export const Broken: Story = {
  args: { broken: true },
  decorators: [staged({ options: { logger: { warn: () => undefined, error: () => undefined } } }, bob)],
  play: async ({ canvasElement }) => {
    await inside(canvasElement);
    await wave(canvasElement, 2);
    await counts(canvasElement, 2);
  },
};
