import type { Layer } from './layers.mjs';

export function globalsConfig(layers: readonly Layer[]): object;
