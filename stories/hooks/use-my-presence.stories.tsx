// useMyPresence: what others see of me.
import type { Meta, StoryObj } from '@storybook/react-vite';
import { expect, userEvent, waitFor, within } from 'storybook/test';
import { chat, type Look } from '../kit/rooms.js';
import { stageOf } from '../kit/stage-of.js';
import { sample, staged } from '../kit/staged.js';
import { Name } from './samples/my-presence.js';
import source from './samples/my-presence.tsx?raw';

const meta = {
  title: 'Hooks/useMyPresence',
  component: Name,
  decorators: [
    staged({
      before: ({ user }) => {
        user('Bob').client.room(chat, { id: 'tea' });
      },
    }),
  ],
  parameters: sample(
    source,
    '`const [mine, update] = useMyPresence(room)`: what the others see of this client, and a function that merges into it. Changes are throttled on their way, and the last one wins. Renders when it changes.',
  ),
} satisfies Meta<typeof Name>;
export default meta;
type Story = StoryObj<typeof meta>;

const seenByBob = async (canvas: HTMLElement): Promise<Look | undefined> => {
  const { client } = (await stageOf(canvas)).user('Bob');
  return client.store.getState().rooms['chat/tea']?.others[0]?.presence as Look | undefined;
};

/** As it was set when the room was joined. */
export const First: Story = {
  play: async ({ canvasElement }) => {
    await waitFor(async () => expect(await seenByBob(canvasElement)).toEqual({ name: 'Ada' }));
  },
};

/** Changed: others see it within a moment. */
export const Changed: Story = {
  play: async ({ canvasElement }) => {
    await stageOf(canvasElement);
    await userEvent.click(within(canvasElement).getByRole('checkbox', { name: 'typing' }));
    await userEvent.type(within(canvasElement).getByRole('textbox'), ' L.');
    await waitFor(async () =>
      expect(await seenByBob(canvasElement)).toEqual({ name: 'Ada L.', typing: true }),
    );
  },
};

/** Without a network it is kept, and told when the room is joined again. */
export const Offline: Story = {
  play: async ({ canvasElement }) => {
    const { network } = (await stageOf(canvasElement)).user('Ada');
    await waitFor(async () => expect(await seenByBob(canvasElement)).toEqual({ name: 'Ada' }));
    network.cut();
    await userEvent.type(within(canvasElement).getByRole('textbox'), '!');
    network.restore();
    await waitFor(async () => expect(await seenByBob(canvasElement)).toEqual({ name: 'Ada!' }));
  },
};
