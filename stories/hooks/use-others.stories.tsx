// useOthers: who else is there.
import type { Meta, StoryObj } from '@storybook/react-vite';
import { expect, waitFor, within } from 'storybook/test';
import { chat } from '../kit/rooms.js';
import { stageOf } from '../kit/stage-of.js';
import { sample, staged } from '../kit/staged.js';
import type { StageWorld } from '../kit/world.js';
import { Here, HowMany } from './samples/others.js';
import source from './samples/others.tsx?raw';

const meta = {
  title: 'Hooks/useOthers',
  component: Here,
  parameters: sample(
    source,
    '`useOthers(room, selector?)`: the other members in the order in which they came, each once however many tabs and nodes there are. With a selector it renders when the selection changes. While the connection is away, the last known are kept and marked `stale`.',
  ),
} satisfies Meta<typeof Here>;
export default meta;
type Story = StoryObj<typeof meta>;

const crowd = ['Bob', 'Cleo', 'Dan', 'Eve', 'Finn'];
const enter = ({ user }: StageWorld, people: readonly string[]): void => {
  for (const name of people) user(name).client.room(chat, { id: 'tea' }).setPresence({ name });
};
const names = (canvas: HTMLElement): (string | undefined)[] =>
  within(canvas)
    .queryAllByRole('listitem')
    .map(({ textContent }) => textContent?.trim());

/** Nobody else. */
export const Alone: Story = {
  decorators: [staged()],
  play: async ({ canvasElement }) => {
    await waitFor(() => expect(canvasElement).toHaveTextContent('Only you'));
  },
};

/** One other. */
export const One: Story = {
  decorators: [
    staged({
      before: (stage) => {
        enter(stage, ['Bob']);
      },
    }),
  ],
  play: async ({ canvasElement }) => {
    await waitFor(() => expect(names(canvasElement)).toEqual(['Bob']));
  },
};

/** Many, in the order in which they came; one goes. */
export const Many: Story = {
  decorators: [
    staged({
      offstage: crowd,
      before: (stage) => {
        enter(stage, crowd);
      },
    }),
  ],
  play: async ({ canvasElement }) => {
    await waitFor(() => expect(new Set(names(canvasElement))).toEqual(new Set(crowd)));
    (await stageOf(canvasElement)).user('Dan').client.close();
    await waitFor(() => expect(names(canvasElement)).not.toContain('Dan'));
  },
};

/** A selector: this one renders when the number changes. */
export const Selected: Story = {
  decorators: [
    staged({
      offstage: crowd,
      before: (stage) => {
        enter(stage, crowd);
      },
    }),
  ],
  render: () => <HowMany />,
  play: async ({ canvasElement }) => {
    await waitFor(() => expect(canvasElement).toHaveTextContent('5 others'));
  },
};

/** While the connection is away, the last known are shown, and said to be. */
export const Stale: Story = {
  decorators: [
    staged({
      before: (stage) => {
        enter(stage, ['Bob']);
      },
    }),
  ],
  play: async ({ canvasElement }) => {
    await waitFor(() => expect(names(canvasElement)).toEqual(['Bob']));
    (await stageOf(canvasElement)).user('Ada').network.cut();
    await waitFor(() => expect(names(canvasElement)[0]).toContain('last known'));
  },
};
