import { useRoom } from 'roomful';
import { chat } from '../../kit/rooms.js';

export function RoomState({ id, enabled = true }: { readonly id: string; readonly enabled?: boolean }) {
  const room = useRoom(chat, { id }, { enabled });
  return (
    <>
      <p className="figure">{room.status}</p>
      <dl>
        <dt>Room</dt>
        <dd>{room.id}</dd>
        <dt>Continuity</dt>
        <dd>{room.continuity}</dd>
      </dl>
      {room.error && (
        <p role="alert">
          {room.error.code}: {room.error.message}
        </p>
      )}
    </>
  );
}
