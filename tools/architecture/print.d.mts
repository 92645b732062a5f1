import type { Layer } from './layers.mjs';

export function picture(
  files: ReadonlyMap<string, string>,
  layers: readonly Layer[],
  folder?: string,
): string;
