// One user in two tabs.
import type { Meta, StoryObj } from '@storybook/react-vite';
import type { ReactElement } from 'react';
import { expect, userEvent, waitFor, within } from 'storybook/test';
import { usePerson } from '../kit/stage.js';
import { sample, staged } from '../kit/staged.js';
import { Tab } from './samples/two-tabs.js';
import source from './samples/two-tabs.tsx?raw';

function ThisTab(): ReactElement {
  return <Tab tab={usePerson() === 'Ada' ? 'tab 1' : 'tab 2'} />;
}

const meta = {
  title: 'Recipes/Two tabs',
  component: ThisTab,
  decorators: [staged({ people: ['Ada', 'Ada 2'], offstage: [] })],
  parameters: sample(
    source,
    "Two tabs of one user are two members: neither takes the other's connection, messages or presence.",
  ),
} satisfies Meta<typeof ThisTab>;
export default meta;
type Story = StoryObj<typeof meta>;

/** Each sees the other, and what is said in it. */
export const SideBySide: Story = {
  play: async ({ canvasElement }) => {
    const [first, second] = [
      await within(canvasElement).findByRole('region', { name: 'Ada' }),
      await within(canvasElement).findByRole('region', { name: 'Ada 2' }),
    ];
    await waitFor(() => expect(first).toHaveTextContent('Also here: tab 2 of ada'));
    await userEvent.click(within(second).getByRole('button'));
    await waitFor(() => expect(within(first).getByRole('list')).toHaveTextContent('from tab 2'));
    await expect(within(second).getAllByRole('listitem')).toHaveLength(1);
  },
};
