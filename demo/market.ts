// Where do the prices come from? A random walk for each symbol.
import { symbols, type Ticker } from './rooms.js';

export interface Quote {
  readonly symbol: Ticker;
  readonly price: number;
}

export interface Market {
  /** Moves the next symbol in turn. */
  next(): Quote;
}

export function createMarket(random: () => number = Math.random): Market {
  const walks = symbols
    .map((symbol) => ({ symbol, price: 20 + random() * 380, home: 0 }))
    .map((walk) => ({ ...walk, home: walk.price }));
  let turn = 0;
  return {
    next() {
      const index = turn++ % walks.length;
      const walk = walks[index];
      if (!walk) throw new RangeError('a market without symbols');
      // Drawn gently back home, so that a demo left open overnight still shows prices.
      const drift = (walk.home - walk.price) * 0.0005;
      walk.price = Math.max(1, walk.price + drift + walk.price * (random() - 0.5) * 0.0024);
      return { symbol: walk.symbol, price: Math.round(walk.price * 100) / 100 };
    },
  };
}
