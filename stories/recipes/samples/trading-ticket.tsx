import { useState } from 'react';
import { useConnectionState, useMessage, useRoom, useSend } from 'roomful';
import { market } from '../../kit/rooms.js';

export function Ticket({ symbol }: { readonly symbol: string }) {
  const room = useRoom(market, { symbol });
  const [price, setPrice] = useState<number | null>(null);
  const [said, setSaid] = useState('');
  const [send, { pending }] = useSend(room, 'order');
  const online = useConnectionState(({ status }) => status === 'connected');
  useMessage(room, 'price', ({ data }) => {
    setPrice(data.price);
  });
  const order = (side: 'buy' | 'sell') => () => {
    // An order that has not left within five seconds is worth nothing: it expires instead of being sent later.
    send({ side, quantity: 100 }, { ttl: 5_000 }).then(
      ({ result }) => {
        setSaid(`Filled ${(result as { filled: number }).filled}`);
      },
      ({ code }: { code: string }) => {
        setSaid(code === 'expired' ? 'Expired: it never left' : `Not filled: ${code}`);
      },
    );
  };
  return (
    <>
      <p className="figure">
        {symbol} {price === null ? '…' : price.toFixed(2)}
      </p>
      <p>{online ? 'Prices are live.' : 'No connection: the price is old.'}</p>
      <p>
        <button type="button" onClick={order('buy')}>
          Buy 100
        </button>{' '}
        <button type="button" onClick={order('sell')}>
          Sell 100
        </button>
      </p>
      <output>{pending ? 'On its way' : said}</output>
    </>
  );
}
