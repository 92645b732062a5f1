// useMessages: a room's messages as a list, own ones in place with what becomes of them.
import type { Meta, StoryObj } from '@storybook/react-vite';
import { serve } from 'roomful/testing';
import { expect, userEvent, waitFor, within } from 'storybook/test';
import { Speak } from '../kit/speak.js';
import { chat } from '../kit/rooms.js';
import { stageOf } from '../kit/stage-of.js';
import { sample, staged } from '../kit/staged.js';
import type { StageWorld } from '../kit/world.js';
import { Posts } from './samples/messages.js';
import source from './samples/messages.tsx?raw';

const spoke = ({ world }: StageWorld, count: number): void => {
  for (let index = 1; index <= count; index++)
    void world.server.room(chat, { id: 'tea' }).send('post', { text: `number ${index}` });
};

const meta = {
  title: 'Hooks/useMessages',
  component: Posts,
  args: { limit: 20, history: 20 },
  argTypes: { limit: { control: 'number' }, history: { control: 'number' } },
  parameters: sample(
    source,
    '`useMessages(room, type?, { limit = 100, pending = true })`: `{ messages, hasOlder, loadOlder(), isLoading, gap }`. Own messages stand in their place from the moment they are sent, with a `status` until the log has them. Renders when that list changes, once for all that arrived together.',
  ),
} satisfies Meta<typeof Posts>;
export default meta;
type Story = StoryObj<typeof meta>;

const posts = (canvas: HTMLElement): (string | null)[] =>
  within(canvas)
    .queryAllByRole('listitem')
    .map(({ textContent }) => textContent?.trim() ?? null);
const shows = (canvas: HTMLElement, ...lines: string[]): Promise<void> =>
  waitFor(() => expect(posts(canvas)).toEqual(lines));
const joined = async (canvas: HTMLElement): Promise<StageWorld> => {
  const stage = await stageOf(canvas);
  await waitFor(() =>
    expect(stage.user('Ada').client.store.getState().rooms['chat/tea']?.status).toBe('joined'),
  );
  return stage;
};

/** Nothing was said. */
export const Empty: Story = {
  decorators: [staged()],
  play: async ({ canvasElement }) => {
    await waitFor(() => expect(canvasElement).toHaveTextContent('Nothing was said yet.'));
  },
};

/** One message, from another. */
export const One: Story = {
  decorators: [
    staged(
      {},
      <Speak
        label="Bob speaks"
        act={({ user }) => {
          void user('Bob').client.room(chat, { id: 'tea' }).send('post', { text: 'hello' });
        }}
      />,
    ),
  ],
  play: async ({ canvasElement }) => {
    await joined(canvasElement);
    await userEvent.click(within(canvasElement).getByRole('button', { name: 'Bob speaks' }));
    await shows(canvasElement, 'bob: hello');
  },
};

/** A history that is longer than what is shown: older ones are asked for. */
export const Many: Story = {
  args: { limit: 10, history: 10 },
  decorators: [
    staged({
      before: (stage) => {
        spoke(stage, 35);
      },
    }),
  ],
  play: async ({ canvasElement }) => {
    await waitFor(() => expect(posts(canvasElement)).toHaveLength(10));
    await userEvent.click(within(canvasElement).getByRole('button', { name: 'Older' }));
    await waitFor(() => expect(posts(canvasElement)).toHaveLength(20));
    await expect(posts(canvasElement)[0]).toContain('number 16');
  },
};

/** Without a network, own messages wait in their place. */
export const Pending: Story = {
  decorators: [staged()],
  play: async ({ canvasElement }) => {
    const { user } = await joined(canvasElement);
    user('Ada').network.cut();
    void user('Ada')
      .client.room(chat, { id: 'tea' })
      .send('post', { text: 'later' })
      .catch(() => undefined);
    await waitFor(() => expect(posts(canvasElement)[0]).toMatch(/later queued/));
  },
};

/** The server refused one: it stays, marked, until it is sent again or forgotten. */
export const Failed: Story = {
  decorators: [staged()],
  play: async ({ canvasElement }) => {
    const { user } = await joined(canvasElement);
    await user('Ada')
      .client.room(chat, { id: 'tea' })
      .send('post', { text: 'a bad word' })
      .catch(() => undefined);
    await waitFor(() => expect(posts(canvasElement)[0]).toMatch(/a bad word failed/));
  },
};

/** The server's log holds no more of what was missed: the list says which messages are lost. */
export const Gap: Story = {
  decorators: [staged({ rooms: [serve(chat, { history: { limit: 5, ttl: 600_000 } })] })],
  play: async ({ canvasElement }) => {
    const stage = await joined(canvasElement);
    const { network } = stage.user('Ada');
    spoke(stage, 2);
    await waitFor(() => expect(posts(canvasElement)).toHaveLength(2));
    network.cut();
    spoke(stage, 40);
    network.restore();
    await waitFor(() => expect(within(canvasElement).getByRole('alert')).toHaveTextContent(/were missed/));
  },
};
