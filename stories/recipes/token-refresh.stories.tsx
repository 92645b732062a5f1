// Tokens that end, and what an app does then.
import type { Meta, StoryObj } from '@storybook/react-vite';
import type { ReactElement } from 'react';
import { expect, userEvent, waitFor, within } from 'storybook/test';
import { useStage } from '../kit/stage.js';
import { stageOf } from '../kit/stage-of.js';
import { sample, staged } from '../kit/staged.js';
import { SignedIn } from './samples/token-refresh.js';
import source from './samples/token-refresh.tsx?raw';

function Account(): ReactElement {
  const { letIn } = useStage();
  return (
    <SignedIn
      onSignIn={() => {
        letIn(true);
      }}
    />
  );
}

const meta = {
  title: 'Recipes/Token refresh',
  component: Account,
  decorators: [staged({ log: 'Ada' })],
  parameters: sample(
    source,
    'A token function is asked at each attempt and before a token ends, so that nothing is noticed. Where two in a row are refused, the state is `needs-auth`: the app asks somebody to sign in, and connects.',
  ),
} satisfies Meta<typeof Account>;
export default meta;
type Story = StoryObj<typeof meta>;

/** Refused for good, until somebody signs in. What waited is sent then. */
export const SignInAgain: Story = {
  play: async ({ canvasElement }) => {
    const stage = await stageOf(canvasElement);
    await waitFor(() =>
      expect(stage.user('Ada').client.store.getState().connection.status).toBe('connected'),
    );
    stage.letIn(false);
    stage.user('Ada').network.drop();
    await userEvent.click(await within(canvasElement).findByRole('button', { name: 'Sign in' }));
    await waitFor(() => expect(within(canvasElement).queryByRole('alert')).toBeNull());
    await waitFor(() =>
      expect(stage.user('Ada').client.store.getState().connection.status).toBe('connected'),
    );
  },
};
