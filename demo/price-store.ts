// How do 200 prices a second reach the screen without 200 renders? Kept outside React, told once an animation frame, row by row.
import type { Ticker } from './rooms.js';

export interface Price {
  readonly price: number;
  readonly first: number;
  /** One sample a while, oldest first: what the small chart draws. */
  readonly trail: readonly number[];
}

export interface PriceStore {
  push(symbol: Ticker, price: number): void;
  get(symbol: Ticker): Price | null;
  subscribe(symbol: Ticker, listener: () => void): () => void;
  /** How many prices were pushed and how many frames they were drawn in since the last call. */
  take(): { readonly prices: number; readonly frames: number };
}

const samples = 40;
const sampleTime = 400;

export function createPriceStore(): PriceStore {
  const prices = new Map<Ticker, Price>();
  const shown = new Map<Ticker, Price>();
  const sampledAt = new Map<Ticker, number>();
  const listeners = new Map<Ticker, Set<() => void>>();
  const changed = new Set<Ticker>();
  let pushed = 0;
  let frames = 0;

  const draw = (): void => {
    frames++;
    for (const symbol of changed) {
      const price = prices.get(symbol);
      if (price) shown.set(symbol, price);
    }
    const told = [...changed];
    changed.clear();
    for (const symbol of told) for (const listener of listeners.get(symbol) ?? []) listener();
  };

  const trailOf = (symbol: Ticker, before: Price | undefined, price: number): readonly number[] => {
    const now = performance.now();
    if (before && now - (sampledAt.get(symbol) ?? 0) < sampleTime) return before.trail;
    sampledAt.set(symbol, now);
    return [...(before?.trail ?? []), price].slice(-samples);
  };

  return {
    push(symbol, price) {
      pushed++;
      const before = prices.get(symbol);
      prices.set(symbol, { price, first: before?.first ?? price, trail: trailOf(symbol, before, price) });
      if (changed.size === 0) requestAnimationFrame(draw);
      changed.add(symbol);
    },
    get: (symbol) => shown.get(symbol) ?? null,
    subscribe(symbol, listener) {
      const set = listeners.get(symbol) ?? new Set();
      listeners.set(symbol, set.add(listener));
      return () => {
        set.delete(listener);
      };
    },
    take() {
      const taken = { prices: pushed, frames };
      pushed = 0;
      frames = 0;
      return taken;
    },
  };
}
