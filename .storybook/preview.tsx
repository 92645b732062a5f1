// What holds for every story: a documentation page, no accessibility violation, and conditions that the toolbar sets.
import type { Preview } from '@storybook/react-vite';
import { configure } from 'storybook/test';
import { ConditionsContext, fair, menus, type Conditions } from '../stories/kit/conditions.js';

// Only a failure takes as long, in ms: just less than the test runner's own bound.
configure({ asyncUtilTimeout: 110_000 });

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
