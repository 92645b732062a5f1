import type { fuzz, FuzzResult } from './fuzz.js';

export function runFuzz(options: {
  readonly frames: number;
  readonly seed: number;
  readonly only?: string;
}): ReturnType<typeof fuzz>;
export function report(result: FuzzResult, seed: number | string): void;
