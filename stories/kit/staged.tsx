// Puts a story on a stage.
import type { Decorator } from '@storybook/react-vite';
import type { ReactNode } from 'react';
import { Stage } from './stage.js';
import type { StageSetup } from './world.js';

/** @param aside what stands beside the windows. */
export function staged(setup: StageSetup = {}, aside?: ReactNode): Decorator {
  return function OnStage(Story, { globals }) {
    return (
      <Stage key={String(globals['codec'])} setup={setup} aside={aside}>
        <Story />
      </Stage>
    );
  };
}

/** A documentation page that shows the very code that runs. */
export const sample = (
  code: string,
  about: string,
): {
  readonly layout: 'fullscreen';
  readonly docs: {
    readonly description: { readonly component: string };
    readonly source: { readonly code: string; readonly language: 'tsx' };
  };
} => ({
  layout: 'fullscreen',
  docs: { description: { component: about }, source: { code, language: 'tsx' } },
});
