// One order: what it asks for, and what became of it.
import type { MessageIn, Outbox } from 'roomful';
import { Delivery } from '../delivery.js';
import { formatCount, formatTime } from '../format.js';
import type { orders } from '../rooms.js';

export function OrderRow({
  message,
  outbox,
}: {
  readonly message: MessageIn<typeof orders, 'order'>;
  readonly outbox: Outbox;
}) {
  const { id, status, timestamp, data } = message;
  return (
    <li className="order" data-status={status ?? 'booked'}>
      <span className="side" data-side={data.side}>
        {data.side}
      </span>
      <span className="what">
        <b>{formatCount(data.amount)}</b> {data.symbol}
      </span>
      <time>{formatTime(timestamp)}</time>
      {status ? (
        <Delivery id={id} status={status} outbox={outbox} />
      ) : (
        <span className="booking">No. {data.booking}</span>
      )}
    </li>
  );
}
