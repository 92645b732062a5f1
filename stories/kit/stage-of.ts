// From a story's canvas to its world, for `play` functions.
import { waitFor } from 'storybook/test';
import type { StageWorld } from './world.js';

const stages = new WeakMap<Element, StageWorld>();

export function enter(element: Element, stage: StageWorld): void {
  stages.set(element, stage);
}

/** Resolves once the story is on. */
export const stageOf = (canvas: HTMLElement): Promise<StageWorld> =>
  waitFor(() => {
    const element = canvas.querySelector('[data-stage]');
    const stage = element && stages.get(element);
    if (!stage) throw new Error('the curtain has not risen yet');
    return stage;
  });
