// Where an order is written.
import { useSend, type Room } from 'roomful';
import { useState, type FormEvent } from 'react';
import { formatCount } from '../format.js';
import { bookingSchema, orderLimit, symbols, type orders, type Ticker } from '../rooms.js';

const sides = ['buy', 'sell'] as const;

export function OrderForm({ room }: { readonly room: Room<typeof orders> }) {
  const [symbol, setSymbol] = useState<Ticker>(symbols[0]);
  const [side, setSide] = useState<(typeof sides)[number]>('buy');
  const [amount, setAmount] = useState('100');
  const [heard, setHeard] = useState('');
  const [send] = useSend(room, 'order');

  const place = async (): Promise<void> => {
    const what = `${side} ${formatCount(Number(amount))} ${symbol}`;
    try {
      const { result } = await send({ symbol, side, amount: Number(amount) });
      const booked = bookingSchema.safeParse(result);
      if (booked.success) setHeard(`Booked: ${what}, number ${booked.data.booking}`);
    } catch (error) {
      setHeard(`Refused: ${what}. ${error instanceof Error ? error.message : ''}`);
    }
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void place();
  };

  return (
    <form className="order-form" onSubmit={submit}>
      <label className="field">
        <span>Symbol</span>
        <select
          value={symbol}
          onChange={(event) => {
            setSymbol(symbols.find((it) => it === event.target.value) ?? symbol);
          }}
        >
          {symbols.map((it) => (
            <option key={it}>{it}</option>
          ))}
        </select>
      </label>
      <fieldset className="field">
        <legend>Side</legend>
        <div className="segments">
          {sides.map((it) => (
            <label key={it}>
              <input
                type="radio"
                name="side"
                checked={side === it}
                onChange={() => {
                  setSide(it);
                }}
              />
              <span>{it}</span>
            </label>
          ))}
        </div>
      </fieldset>
      <label className="field">
        <span>
          Amount <small>limit {formatCount(orderLimit)}</small>
        </span>
        <input
          type="number"
          inputMode="numeric"
          min={1}
          max={1_000_000}
          step={1}
          required
          value={amount}
          onChange={(event) => {
            setAmount(event.target.value);
          }}
        />
      </label>
      <button type="submit" className="button primary">
        Place order
      </button>
      {/* The list below shows it too: this is for whoever does not see it. */}
      <output className="unseen">{heard}</output>
    </form>
  );
}
