// A shared list that answers at once.
import type { Meta, StoryObj } from '@storybook/react-vite';
import { expect, userEvent, waitFor, within } from 'storybook/test';
import { stageOf } from '../kit/stage-of.js';
import { sample, staged } from '../kit/staged.js';
import { ShoppingList } from './samples/optimistic-list.js';
import source from './samples/optimistic-list.tsx?raw';

const meta = {
  title: 'Recipes/Optimistic list',
  component: ShoppingList,
  decorators: [staged({ people: ['Ada', 'Bob'], offstage: [] })],
  parameters: sample(
    source,
    'A list that is the sum of its messages. Own messages are part of it from the moment they are sent, so that nothing has to be guessed and taken back.',
  ),
} satisfies Meta<typeof ShoppingList>;
export default meta;
type Story = StoryObj<typeof meta>;

const windowOf = (canvas: HTMLElement, name: string): Promise<HTMLElement> =>
  within(canvas).findByRole('region', { name });
async function add(window: HTMLElement, text: string): Promise<void> {
  await userEvent.type(within(window).getByRole('textbox'), text);
  await userEvent.click(within(window).getByRole('button', { name: 'Add' }));
}
const items = (window: HTMLElement): (string | undefined)[] =>
  within(window)
    .queryAllByRole('listitem')
    .map(({ textContent }) => textContent?.trim());

/** Both write; both see the same list. */
export const Shared: Story = {
  play: async ({ canvasElement }) => {
    const [ada, bob] = [await windowOf(canvasElement, 'Ada'), await windowOf(canvasElement, 'Bob')];
    await add(ada, 'milk');
    await waitFor(() => expect(items(bob)).toEqual(['milk']));
    await userEvent.click(within(bob).getByRole('checkbox', { name: 'milk' }));
    await waitFor(() => expect(within(ada).getByRole('checkbox', { name: 'milk' })).toBeChecked());
  },
};

/** Ada is offline: her list answers all the same, and the other's follows. */
export const Offline: Story = {
  play: async ({ canvasElement }) => {
    const [ada, bob] = [await windowOf(canvasElement, 'Ada'), await windowOf(canvasElement, 'Bob')];
    const { network } = (await stageOf(canvasElement)).user('Ada');
    await add(ada, 'milk');
    await waitFor(() => expect(items(bob)).toEqual(['milk']));
    network.cut();
    await add(ada, 'bread');
    await userEvent.click(within(ada).getByRole('checkbox', { name: 'bread' }));
    await expect(within(ada).getByRole('checkbox', { name: 'bread' })).toBeChecked();
    await expect(items(bob)).toEqual(['milk']);
    network.restore();
    await waitFor(() => expect(items(bob)).toEqual(['milk', 'bread']));
    await expect(within(bob).getByRole('checkbox', { name: 'bread' })).toBeChecked();
  },
};
