import { useRealtimeStore, useRoom } from 'roomful';
import { chat } from '../../kit/rooms.js';

export function Summary() {
  useRoom(chat, { id: 'tea' });
  useRoom(chat, { id: 'cake' });
  const joined = useRealtimeStore(
    ({ rooms }) => Object.values(rooms).filter(({ status }) => status === 'joined').length,
  );
  const waiting = useRealtimeStore(({ outbox }) => outbox.pending.length);
  return (
    <p>
      {joined} rooms joined, {waiting} messages waiting
    </p>
  );
}
