// A chat of two, with a network that can be cut under each.
import type { Meta, StoryObj } from '@storybook/react-vite';
import type { ReactElement } from 'react';
import { expect, userEvent, waitFor, within } from 'storybook/test';
import { usePerson } from '../kit/stage.js';
import { idOf } from '../kit/world.js';
import { sample, staged } from '../kit/staged.js';
import { Chat } from './samples/chat.js';
import source from './samples/chat.tsx?raw';

function TheirChat({ id }: { readonly id: string }): ReactElement {
  return <Chat me={idOf(usePerson())} id={id} />;
}

const meta = {
  title: 'Recipes/Chat',
  component: TheirChat,
  args: { id: 'tea' },
  argTypes: { id: { control: 'text' } },
  decorators: [staged({ people: ['Ada', 'Bob'], offstage: [], log: 'Ada' })],
  parameters: sample(
    source,
    'A chat in forty lines: what is said stands in its place at once, marked until the server has it, and survives a cut.',
  ),
} satisfies Meta<typeof TheirChat>;
export default meta;
type Story = StoryObj<typeof meta>;

type Windows = readonly [ada: HTMLElement, bob: HTMLElement];
async function windowsIn(canvas: HTMLElement): Promise<Windows> {
  const [ada, bob] = await Promise.all([
    within(canvas).findByRole('region', { name: 'Ada' }),
    within(canvas).findByRole('region', { name: 'Bob' }),
  ]);
  await waitFor(() => expect(canvas.querySelectorAll('[data-status=connected]')).toHaveLength(2));
  return [ada, bob];
}
const networkOf = (window: HTMLElement): HTMLElement =>
  within(window).getByRole('switch', { name: 'Network' });
const posts = (window: HTMLElement): (string | undefined)[] =>
  within(window)
    .queryAllByRole('listitem')
    .map(({ textContent }) => textContent?.trim());
const shows = (window: HTMLElement, ...lines: string[]): Promise<void> =>
  waitFor(() => expect(posts(window)).toEqual(lines));
async function say(window: HTMLElement, text: string): Promise<void> {
  await userEvent.type(within(window).getByRole('textbox'), text);
  await userEvent.click(within(window).getByRole('button', { name: 'Send' }));
}

/** What Ada says stands in her own list at once, and reaches Bob through the server. */
export const Together: Story = {
  play: async ({ canvasElement }) => {
    const [ada, bob] = await windowsIn(canvasElement);
    await say(ada, 'Kettle is on');
    await shows(bob, 'ada Kettle is on');
    await say(bob, 'Coming');
    await shows(ada, 'You Kettle is on', 'bob Coming');
  },
};

/** Ada has no network. What she says waits in her outbox, marked, and Bob sees none of it. */
export const Waiting: Story = {
  play: async ({ canvasElement }) => {
    const [ada, bob] = await windowsIn(canvasElement);
    await userEvent.click(networkOf(ada));
    await say(ada, 'Can you hear me?');
    await shows(ada, 'You Can you hear me? waiting');
    await expect(posts(bob)).toEqual([]);
  },
};

/** The network comes back: what waited is delivered, once and in order, and what Bob said meanwhile is caught up with. */
export const Recovered: Story = {
  play: async ({ canvasElement }) => {
    const [ada, bob] = await windowsIn(canvasElement);
    await say(bob, 'First');
    await shows(ada, 'bob First');
    await userEvent.click(networkOf(ada));
    await say(ada, 'One');
    await say(ada, 'Two');
    await say(bob, 'Are you there?');
    await shows(bob, 'You First', 'You Are you there?');
    await userEvent.click(networkOf(ada));
    await shows(bob, 'You First', 'You Are you there?', 'ada One', 'ada Two');
    await shows(ada, 'bob First', 'bob Are you there?', 'You One', 'You Two');
  },
};

/** The server lets Ada in and Bob not. */
export const Denied: Story = {
  args: { id: 'private' },
  play: async ({ canvasElement }) => {
    const [ada, bob] = await windowsIn(canvasElement);
    await waitFor(() => expect(within(bob).getByRole('alert')).toHaveTextContent('not open to you'));
    await expect(within(ada).queryByRole('alert')).toBeNull();
  },
};
