// One symbol: its price, its last moves as a line, and how far it went since this page began.
import { useCallback, useSyncExternalStore } from 'react';
import { formatChange, formatMoney } from '../format.js';
import type { PriceStore } from '../price-store.js';
import type { Ticker } from '../rooms.js';

const height = 24;

export function PriceRow({ symbol, store }: { readonly symbol: Ticker; readonly store: PriceStore }) {
  const subscribe = useCallback((listener: () => void) => store.subscribe(symbol, listener), [store, symbol]);
  const price = useSyncExternalStore(subscribe, () => store.get(symbol));
  if (!price)
    return (
      <li className="price">
        <b>{symbol}</b>
        <span />
        <span className="amount">–</span>
        <span className="change" />
      </li>
    );
  const change = price.price / price.first - 1;
  return (
    <li className="price" data-trend={change > 0 ? 'up' : change < 0 ? 'down' : 'flat'}>
      <b>{symbol}</b>
      <Sparkline values={price.trail} />
      <span className="amount">{formatMoney(price.price)}</span>
      <span className="change">{formatChange(change)}</span>
    </li>
  );
}

function Sparkline({ values }: { readonly values: readonly number[] }) {
  const low = Math.min(...values);
  const span = Math.max(...values) - low || 1;
  const width = Math.max(1, values.length - 1);
  const points = values
    .map((value, index) => `${index},${((1 - (value - low) / span) * height).toFixed(1)}`)
    .join(' ');
  return (
    <svg viewBox={`0 -2 ${width} ${height + 4}`} preserveAspectRatio="none" aria-hidden="true">
      <polyline
        points={points}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.5"
        strokeLinejoin="round"
        vectorEffect="non-scaling-stroke"
      />
    </svg>
  );
}
