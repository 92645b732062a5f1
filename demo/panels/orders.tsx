// Orders that survive the network: shown at once, booked once, in order.
import { useMessages, useOutbox, useRoom } from 'roomful';
import { Panel } from '../panel.js';
import { orders, type Identity } from '../rooms.js';
import { OrderForm } from './order-form.js';
import { OrderRow } from './order-row.js';

export function Orders({ me }: { readonly me: Identity }) {
  const room = useRoom(orders, { trader: me.id }, { history: 50 });
  const { messages } = useMessages(room, 'order');
  const outbox = useOutbox(room);
  return (
    <Panel
      name="orders"
      title="Orders"
      note={outbox.pending.length > 0 && `${outbox.pending.length} on the way`}
    >
      <OrderForm room={room} />
      {messages.length === 0 ? (
        <p className="empty">
          No orders yet. Cut the network and place a few: they wait here and go out when it is back.
        </p>
      ) : (
        <ol className="order-list" reversed aria-label="Orders, newest first">
          {messages.toReversed().map((message) => (
            <OrderRow key={message.id} message={message} outbox={outbox} />
          ))}
        </ol>
      )}
    </Panel>
  );
}
