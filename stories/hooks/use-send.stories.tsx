// useSend: a function that sends, and what becomes of its messages.
import type { Meta, StoryObj } from '@storybook/react-vite';
import { expect, userEvent, waitFor, within } from 'storybook/test';
import { stageOf } from '../kit/stage-of.js';
import { sample, staged } from '../kit/staged.js';
import { SendButton } from './samples/send.js';
import source from './samples/send.tsx?raw';

const meta = {
  title: 'Hooks/useSend',
  component: SendButton,
  args: { text: 'hello' },
  decorators: [staged()],
  parameters: sample(
    source,
    "`const [send, { pending, error, reset }] = useSend(room, type)`. `send(data, { ttl?, coalesce?, signal? })` resolves with the receipt once the message is in the room's log, however often the connection broke meanwhile, and rejects with a `RealtimeError`. Renders when its own sends change.",
  ),
} satisfies Meta<typeof SendButton>;
export default meta;
type Story = StoryObj<typeof meta>;

const press = (canvas: HTMLElement): Promise<void> =>
  userEvent.click(within(canvas).getByRole('button', { name: /^Send/ }));
const says = (canvas: HTMLElement, text: string): Promise<void> =>
  waitFor(() => expect(within(canvas).getByRole('status')).toHaveTextContent(text));

/** Sent and acknowledged. */
export const Sent: Story = {
  play: async ({ canvasElement }) => {
    await stageOf(canvasElement);
    await press(canvasElement);
    await says(canvasElement, 'On its way');
    await says(canvasElement, 'Nothing waits');
  },
};

/** Without a network it waits. */
export const Pending: Story = {
  play: async ({ canvasElement }) => {
    (await stageOf(canvasElement)).user('Ada').network.cut();
    await press(canvasElement);
    await says(canvasElement, 'On its way');
  },
};

/** Refused by the server. */
export const Failed: Story = {
  args: { text: 'a bad word' },
  play: async ({ canvasElement }) => {
    await stageOf(canvasElement);
    await press(canvasElement);
    await waitFor(() =>
      expect(within(canvasElement).getByRole('alert')).toHaveTextContent('rejected: we do not say that here'),
    );
    await userEvent.click(within(canvasElement).getByRole('button', { name: 'OK' }));
    await expect(within(canvasElement).queryByRole('alert')).toBeNull();
  },
};
