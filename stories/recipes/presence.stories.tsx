// What people see of each other: typing, cursors, faces.
import type { Meta, StoryObj } from '@storybook/react-vite';
import type { ReactElement } from 'react';
import { expect, fireEvent, userEvent, waitFor, within } from 'storybook/test';
import { chat } from '../kit/rooms.js';
import { usePerson } from '../kit/stage.js';
import { stageOf } from '../kit/stage-of.js';
import { sample, staged } from '../kit/staged.js';
import { Cursors } from './samples/cursors.js';
import cursorsSource from './samples/cursors.tsx?raw';
import { PresenceStack } from './samples/presence-stack.js';
import stackSource from './samples/presence-stack.tsx?raw';
import { Typing } from './samples/typing.js';
import typingSource from './samples/typing.tsx?raw';

const meta = { title: 'Recipes/Presence', parameters: { layout: 'fullscreen' } } satisfies Meta;
export default meta;
type Story = StoryObj<typeof meta>;

const two = { people: ['Ada', 'Bob'], offstage: [] };
const windowOf = (canvas: HTMLElement, name: string): Promise<HTMLElement> =>
  within(canvas).findByRole('region', { name });

function TheirTyping(): ReactElement {
  return <Typing name={usePerson()} />;
}
function TheirCursors(): ReactElement {
  return <Cursors name={usePerson()} />;
}

/** Who types is seen to, until a pause. */
export const TypingIndicator: Story = {
  decorators: [staged(two)],
  parameters: sample(typingSource, 'Typing, as presence: volatile, throttled, and gone with whoever leaves.'),
  render: () => <TheirTyping />,
  play: async ({ canvasElement }) => {
    const [ada, bob] = [await windowOf(canvasElement, 'Ada'), await windowOf(canvasElement, 'Bob')];
    await userEvent.type(within(ada).getByRole('textbox'), 'hm');
    await waitFor(() => expect(within(bob).getByRole('status')).toHaveTextContent('Ada is typing …'));
    await waitFor(() => expect(within(bob).getByRole('status')).toHaveTextContent(/^$/));
  },
};

/** Pointers of the others, in shares of the surface. */
export const LiveCursors: Story = {
  decorators: [staged(two)],
  parameters: sample(
    cursorsSource,
    'Cursors, as presence: at most so many a second, and the last position wins.',
  ),
  render: () => <TheirCursors />,
  play: async ({ canvasElement }) => {
    const [ada, bob] = [await windowOf(canvasElement, 'Ada'), await windowOf(canvasElement, 'Bob')];
    const surface = ada.querySelector('.surface') as HTMLElement;
    const { left, top, width, height } = surface.getBoundingClientRect();
    await fireEvent.pointerMove(surface, { clientX: left + width / 4, clientY: top + height / 2 });
    await waitFor(() => expect(bob.querySelector<HTMLElement>('.pointer')?.style.left).toMatch(/^2[45]/));
    await expect(bob.querySelector('.pointer')).toHaveTextContent('Ada');
  },
};

const crowd = ['Bob', 'Cleo', 'Dan', 'Eve', 'Finn'];

/** Faces, and how many more. */
export const Stack: Story = {
  decorators: [
    staged({
      offstage: crowd,
      before: ({ user }) => {
        for (const name of crowd) user(name).client.room(chat, { id: 'tea' }).setPresence({ name });
      },
    }),
  ],
  parameters: sample(
    stackSource,
    'Who is here, as a stack of faces. It renders when somebody comes, goes or is renamed.',
  ),
  render: () => <PresenceStack />,
  play: async ({ canvasElement }) => {
    await waitFor(() => expect(canvasElement.querySelector('.rest')).toHaveTextContent('+2'));
    const stage = await stageOf(canvasElement);
    stage.user('Finn').client.close();
    stage.user('Eve').client.close();
    await waitFor(() => expect(canvasElement.querySelector('.rest')).toBeNull());
  },
};
