// useOutbox: own messages until they are settled.
import type { Meta, StoryObj } from '@storybook/react-vite';
import { expect, userEvent, waitFor, within } from 'storybook/test';
import { chat } from '../kit/rooms.js';
import { stageOf } from '../kit/stage-of.js';
import { sample, staged } from '../kit/staged.js';
import { Outbox } from './samples/outbox.js';
import source from './samples/outbox.tsx?raw';

const meta = {
  title: 'Hooks/useOutbox',
  component: Outbox,
  parameters: sample(
    source,
    '`useOutbox(room?)`: `{ pending, failed, progress, retry(id), discard(id) }`, of all rooms or of one. `progress` is there while a backlog is sent. Renders when the outbox changes.',
  ),
} satisfies Meta<typeof Outbox>;
export default meta;
type Story = StoryObj<typeof meta>;

const says = (canvas: HTMLElement, text: string): Promise<void> =>
  waitFor(() => expect(within(canvas).getByRole('status')).toHaveTextContent(text));
const press = (canvas: HTMLElement, name: string): Promise<void> =>
  userEvent.click(within(canvas).getByRole('button', { name }));

/** Nothing waits. */
export const Empty: Story = {
  decorators: [staged()],
  play: async ({ canvasElement }) => {
    await stageOf(canvasElement);
    await says(canvasElement, '0 waiting, 0 failed');
  },
};

/** Three wait for the network; one is taken back. */
export const Pending: Story = {
  decorators: [staged()],
  play: async ({ canvasElement }) => {
    (await stageOf(canvasElement)).user('Ada').network.cut();
    for (let index = 0; index < 3; index++) await press(canvasElement, 'Send');
    await says(canvasElement, '3 waiting, 0 failed');
    await userEvent.click(
      within(canvasElement).getAllByRole('button', { name: 'Take back' })[0] as HTMLElement,
    );
    await says(canvasElement, '2 waiting, 0 failed');
  },
};

/** The server refused one: it is kept until somebody decides. */
export const Failed: Story = {
  decorators: [staged()],
  play: async ({ canvasElement }) => {
    await stageOf(canvasElement);
    await press(canvasElement, 'Send what is refused');
    await says(canvasElement, '0 waiting, 1 failed');
    await press(canvasElement, 'Forget');
    await says(canvasElement, '0 waiting, 0 failed');
  },
};

/** A backlog on its way. */
export const Progress: Story = {
  decorators: [staged({ options: { outbox: { window: 1 } } })],
  play: async ({ canvasElement }) => {
    const { client, network } = (await stageOf(canvasElement)).user('Ada');
    const room = client.room(chat, { id: 'tea' });
    await waitFor(() => expect(room.status).toBe('joined'));
    network.cut();
    for (let index = 0; index < 30; index++) void room.send('post', { text: `number ${index}` });
    network.restore();
    await waitFor(() =>
      expect(within(canvasElement).getByRole('status')).toHaveTextContent(/Sending \d+ of 30/),
    );
    await waitFor(() => expect(within(canvasElement).getByRole('status')).toHaveTextContent('0 waiting'));
  },
};
