// Some two hundred prices a second, and what they cost to draw.
import { useMessage, useRoom } from 'roomful';
import { useEffect, useState } from 'react';
import { Panel } from '../panel.js';
import { createPriceStore, type PriceStore } from '../price-store.js';
import { symbols, ticker } from '../rooms.js';
import { PriceRow } from './price-row.js';

export function Ticker() {
  const [store] = useState(createPriceStore);
  const room = useRoom(ticker);
  useMessage(room, 'price', ({ data }) => {
    store.push(data.symbol, data.price);
  });
  return (
    <Panel name="ticker" title="Ticker" note={<Rate store={store} />}>
      <ul className="prices">
        {symbols.map((symbol) => (
          <PriceRow key={symbol} symbol={symbol} store={store} />
        ))}
      </ul>
    </Panel>
  );
}

function Rate({ store }: { readonly store: PriceStore }) {
  const [{ prices, frames }, setRate] = useState({ prices: 0, frames: 0 });
  useEffect(() => {
    let last = performance.now();
    const timer = setInterval(() => {
      const now = performance.now();
      const seconds = (now - last) / 1_000;
      last = now;
      const taken = store.take();
      setRate({ prices: Math.round(taken.prices / seconds), frames: Math.round(taken.frames / seconds) });
    }, 1_000);
    return () => {
      clearInterval(timer);
    };
  }, [store]);
  return (
    <span className="rate">
      {prices} prices/s in {frames} frames/s
    </span>
  );
}
