// useRoom and useMessages, told by two people in one room: the real client and the real server core, in the page.
import type { Meta, StoryObj } from '@storybook/react-vite';
import { expect, userEvent, waitFor, within } from 'storybook/test';
import { TwoWindows } from './two-windows.js';

const meta = {
  title: 'Hooks/useRoom',
  component: TwoWindows,
  args: { room: 'tea' },
  argTypes: { room: { control: 'text' } },
  parameters: { layout: 'fullscreen' },
} satisfies Meta<typeof TwoWindows>;
export default meta;

type Story = StoryObj<typeof meta>;

async function windowsIn(canvas: HTMLElement): Promise<readonly [ada: HTMLElement, bob: HTMLElement]> {
  const [ada, bob] = await Promise.all([within(canvas).findByRole('region', { name: 'Ada' }), within(canvas).findByRole('region', { name: 'Bob' })]);
  return [ada, bob];
}

const shows = (window: HTMLElement, status: string): Promise<void> => waitFor(() => expect(within(window).getByRole('status')).toHaveTextContent(status), { timeout: 5_000 });
const networkOf = (window: HTMLElement): HTMLElement => within(window).getByRole('switch', { name: 'Network' });
const posts = (window: HTMLElement): (string | null)[] => within(window).queryAllByRole('listitem').map(({ textContent }) => textContent);

async function say(window: HTMLElement, text: string): Promise<void> {
  await userEvent.type(within(window).getByRole('textbox'), text);
  await userEvent.click(within(window).getByRole('button', { name: 'Send' }));
}

/** Both are in the room; what Ada says stands in her own list at once and reaches Bob through the server. */
export const Joined: Story = {
  play: async ({ canvasElement }) => {
    const [ada, bob] = await windowsIn(canvasElement);
    await Promise.all([shows(ada, 'Joined'), shows(bob, 'Joined')]);
    await say(ada, 'Kettle is on');
    await waitFor(() => expect(posts(bob)).toEqual(['AdaKettle is on']));
    await say(bob, 'Coming');
    await waitFor(() => expect(posts(ada)).toEqual(['YouKettle is on', 'BobComing']));
  },
};

/** Ada has no network. What she says waits in her outbox, marked, and Bob sees none of it. */
export const Reconnecting: Story = {
  play: async ({ canvasElement }) => {
    const [ada, bob] = await windowsIn(canvasElement);
    await Promise.all([shows(ada, 'Joined'), shows(bob, 'Joined')]);
    await userEvent.click(networkOf(ada));
    await shows(ada, 'Reconnecting');
    await say(ada, 'Can you hear me?');
    await waitFor(() => expect(posts(ada)).toEqual(['YouCan you hear me?Waiting to be sent']));
    await expect(within(bob).getByRole('status')).toHaveTextContent('Joined');
    await expect(posts(bob)).toEqual([]);
  },
};

/** The network comes back: what waited is delivered, once and in order, and what Bob said meanwhile is caught up with. */
export const Recovered: Story = {
  play: async ({ canvasElement }) => {
    const [ada, bob] = await windowsIn(canvasElement);
    await Promise.all([shows(ada, 'Joined'), shows(bob, 'Joined')]);
    const network = networkOf(ada);
    await userEvent.click(network);
    await shows(ada, 'Reconnecting');
    await say(ada, 'One');
    await say(ada, 'Two');
    await say(bob, 'Are you there?');
    await waitFor(() => expect(posts(bob)).toEqual(['YouAre you there?']));
    await userEvent.click(network);
    await shows(ada, 'Joined');
    await waitFor(() => expect(posts(bob)).toEqual(['YouAre you there?', 'AdaOne', 'AdaTwo']), { timeout: 5_000 });
    await waitFor(() => expect(posts(ada)).toEqual(['BobAre you there?', 'YouOne', 'YouTwo']));
  },
};

/** The server lets Ada in and Bob not: his room is denied, and says so. */
export const Denied: Story = {
  args: { room: 'private' },
  play: async ({ canvasElement }) => {
    const [ada, bob] = await windowsIn(canvasElement);
    await Promise.all([shows(ada, 'Joined'), shows(bob, 'Denied')]);
    await expect(within(bob).getByRole('alert')).toHaveTextContent('This room is not open to you');
    await expect(within(bob).queryByRole('textbox')).toBeNull();
    await say(ada, 'Just me here');
    await waitFor(() => expect(posts(ada)).toEqual(['YouJust me here']));
    await expect(posts(bob)).toEqual([]);
  },
};
