import type { Problem } from './check-tree.mjs';

export function checkWritten(): Problem[];
