// What holds for every story: a documentation page, no accessibility violation, and conditions that the toolbar sets.
import type { Preview } from '@storybook/react-vite';
import { configure } from 'storybook/test';
import { ConditionsContext, fair, menus, type Conditions } from '../stories/kit/conditions.js';

// What does come comes as early as it would: only a failure takes as long, in ms.
configure({ asyncUtilTimeout: 8_000 });

const preview: Preview = {
  tags: ['autodocs'],
  parameters: {
    a11y: { test: 'error' },
    options: { storySort: { order: ['Hooks', 'Recipes', 'Guarantees', 'Status', 'Devtools'] } },
  },
  globalTypes: menus,
  initialGlobals: fair,
  decorators: [
    (Story, { globals }) => (
      <ConditionsContext value={globals as unknown as Conditions}>
        <Story />
      </ConditionsContext>
    ),
  ],
};
export default preview;
