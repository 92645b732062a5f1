// The developer tools, over a chat.
import type { Meta, StoryObj } from '@storybook/react-vite';
import { RealtimeDevtools } from 'roomful/devtools';
import { expect, fireEvent, waitFor, within } from 'storybook/test';
import { chat } from '../kit/rooms.js';
import { stageOf } from '../kit/stage-of.js';
import { sample, staged } from '../kit/staged.js';
import { Chat } from '../recipes/samples/chat.js';

const meta = {
  title: 'Devtools/RealtimeDevtools',
  component: RealtimeDevtools,
  args: { defaultOpen: true },
  argTypes: {
    client: { table: { disable: true } },
    defaultDock: { control: 'select', options: ['bottom', 'left', 'right'] },
  },
  beforeEach: () => {
    localStorage.removeItem('roomful.devtools');
  },
  decorators: [staged()],
  render: (args) => (
    <>
      <Chat me="ada" id="tea" />
      <RealtimeDevtools {...args} />
    </>
  ),
  parameters: sample(
    "import { RealtimeDevtools } from 'roomful/devtools';\n\n<RealtimeProvider url={url}>\n  <App />\n  <RealtimeDevtools />\n</RealtimeProvider>",
    'A panel to look into a client: connection, events with the state before and after, frames, rooms, outbox and latency, and faults on purpose. A production build gets nothing at all of `roomful/devtools`; `roomful/devtools/production` is there in every build.',
  ),
} satisfies Meta<typeof RealtimeDevtools>;
export default meta;
type Story = StoryObj<typeof meta>;

const panelIn = (canvas: HTMLElement): Promise<ReturnType<typeof within>> =>
  waitFor(() => {
    const root = canvas.querySelector('[data-roomful-devtools]')?.shadowRoot;
    if (!root?.firstElementChild) throw new Error('no panel yet');
    return within(root as unknown as HTMLElement);
  });

/** The connection over time. */
export const Connection: Story = {
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await waitFor(() =>
      expect(panel.getByRole('region', { name: 'Roomful devtools' })).toHaveTextContent('connected'),
    );
    await fireEvent.click(panel.getByRole('button', { name: 'Cut' }));
    await waitFor(() =>
      expect(panel.getByRole('region', { name: 'Roomful devtools' })).toHaveTextContent(
        'cut by the devtools',
      ),
    );
  },
};

/** Events of the machine, with what each changed. */
export const Events: Story = {
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await fireEvent.click(panel.getByRole('tab', { name: /^Events/ }));
    await waitFor(() => expect(panel.getAllByRole('listitem').length).toBeGreaterThan(3));
    await fireEvent.click(panel.getByRole('button', { name: /opened/ }));
    await expect(panel.getByRole('row', { name: /connection\.status/ })).toBeVisible();
  },
};

/** Frames both ways, found by a word. */
export const Frames: Story = {
  args: { defaultDock: 'right' },
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    const { user } = await stageOf(canvasElement);
    await user('Bob').client.room(chat, { id: 'tea' }).send('post', { text: 'look for me' });
    await fireEvent.click(panel.getByRole('tab', { name: /^Frames/ }));
    await fireEvent.change(panel.getByRole('searchbox'), { target: { value: 'look for me' } });
    await waitFor(() => expect(panel.getAllByRole('listitem')).toHaveLength(1));
    await fireEvent.click(panel.getByRole('button', { name: /in message/ }));
    await waitFor(() => expect(panel.getByText(/"look for me"/)).toBeVisible());
  },
};

/** Rooms, with members and position. */
export const Rooms: Story = {
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await fireEvent.click(panel.getByRole('tab', { name: /^Rooms/ }));
    await waitFor(() => expect(panel.getByRole('row', { name: /chat\/tea/ })).toHaveTextContent('joined'));
  },
};

/** The outbox of somebody who is offline. */
export const Outbox: Story = {
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    const { client, network } = (await stageOf(canvasElement)).user('Ada');
    network.cut();
    void client
      .room(chat, { id: 'tea' })
      .send('post', { text: 'later' })
      .catch(() => undefined);
    await fireEvent.click(panel.getByRole('tab', { name: /^Outbox/ }));
    await waitFor(() => expect(panel.getByRole('row', { name: /later/ })).toHaveTextContent('queued'));
  },
};

/** Five hundred messages a second: the panel shows them in far fewer updates than there are messages. */
export const UnderLoad: Story = {
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    const { world } = await stageOf(canvasElement);
    await fireEvent.click(panel.getByRole('tab', { name: /^Frames/ }));
    const tab = panel.getByRole('tab', { name: /^Frames/ });
    let updates = 0;
    const observer = new MutationObserver(() => {
      updates++;
    });
    observer.observe(tab, { subtree: true, childList: true, characterData: true });
    const room = world.server.room(chat, { id: 'tea' });
    let said = 0;
    await new Promise<void>((resolve) => {
      const began = performance.now();
      const timer = setInterval(() => {
        for (; said < (performance.now() - began) / 2 && said < 1_500; said++)
          room.broadcast('wave', { from: `number ${said}` });
        if (said < 1_500) return;
        clearInterval(timer);
        resolve();
      }, 10);
    });
    await waitFor(() => expect(Number(tab.querySelector('.count')?.textContent)).toBe(1_000));
    observer.disconnect();
    console.info(`devtools at 500 messages a second: ${said} messages in ${updates} updates`);
    await expect(updates).toBeLessThan(said / 3);
  },
};

/** Closed: a button in the corner. */
export const Closed: Story = {
  args: { defaultOpen: false },
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await expect(panel.getByRole('button', { name: /^Open Roomful devtools/ })).toBeVisible();
  },
};
