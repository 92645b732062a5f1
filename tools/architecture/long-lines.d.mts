import type { Problem } from './check-tree.mjs';

export function checkLines(files: ReadonlyMap<string, string>): Problem[];
