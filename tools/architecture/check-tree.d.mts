import type { Layer } from './layers.mjs';

export interface Problem {
  readonly file: string;
  readonly line?: number;
  readonly text: string;
}

export function checkTree(files: ReadonlyMap<string, string>, rows?: readonly Layer[]): Problem[];
export function toLine(problem: Problem): string;
