// A score that the server speaks, and that is right after a cut.
import type { Meta, StoryObj } from '@storybook/react-vite';
import { expect, waitFor } from 'storybook/test';
import { match } from '../kit/rooms.js';
import { Speak } from '../kit/speak.js';
import { stageOf } from '../kit/stage-of.js';
import { sample, staged } from '../kit/staged.js';
import type { StageWorld } from '../kit/world.js';
import { Score } from './samples/live-scores.js';
import source from './samples/live-scores.tsx?raw';

const goal = ({ world }: StageWorld, team: string, minute: number): void => {
  void world.server.room(match, { id: 'Reds-Blues' }).send('goal', { team, minute });
};

const meta = {
  title: 'Recipes/Live scores',
  component: Score,
  args: { home: 'Reds', away: 'Blues' },
  decorators: [
    staged(
      { offstage: [] },
      <>
        <Speak
          label="Goal for the Reds"
          act={(stage) => {
            goal(stage, 'Reds', 10);
          }}
        />
        <Speak
          label="Goal for the Blues"
          act={(stage) => {
            goal(stage, 'Blues', 20);
          }}
        />
      </>,
    ),
  ],
  parameters: sample(
    source,
    'The server speaks; whoever comes later gets the history, and whoever was cut off what was missed.',
  ),
} satisfies Meta<typeof Score>;
export default meta;
type Story = StoryObj<typeof meta>;

const shows = (canvas: HTMLElement, text: string): Promise<void> =>
  waitFor(() => expect(canvas.querySelector('.figure')).toHaveTextContent(text));

/** Goals as they fall. */
export const Live: Story = {
  play: async ({ canvasElement }) => {
    const stage = await stageOf(canvasElement);
    goal(stage, 'Reds', 12);
    await shows(canvasElement, 'Reds 1 : 0 Blues');
  },
};

/** Two goals during a cut: both count, once. */
export const AfterACut: Story = {
  play: async ({ canvasElement }) => {
    const stage = await stageOf(canvasElement);
    goal(stage, 'Reds', 12);
    await shows(canvasElement, 'Reds 1 : 0 Blues');
    stage.user('Ada').network.cut();
    goal(stage, 'Blues', 40);
    goal(stage, 'Blues', 44);
    stage.user('Ada').network.restore();
    await shows(canvasElement, 'Reds 1 : 2 Blues');
  },
};
