// The tab with the rooms of the client.
import type { ReactElement } from 'react';
import type { Room } from '../../client/machine/model/room-state.js';
import { statusOf } from '../../client/machine/view/connection-view.js';
import { toText } from '../recording/format.js';
import type { TabProps } from './props.js';

export function RoomsTab({ recording: { state } }: TabProps): ReactElement {
  const rooms = Array.from(state.rooms.values());
  if (rooms.length === 0) return <p className="empty">No room is used.</p>;
  return (
    <table>
      <caption>Rooms that this client uses or still holds messages of</caption>
      <thead>
        <tr>
          <th scope="col">Room</th>
          <th scope="col">Status</th>
          <th scope="col">Continuity</th>
          <th scope="col">Position</th>
          <th scope="col">Users</th>
          <th scope="col">Members</th>
        </tr>
      </thead>
      <tbody>
        {rooms.map((room) => (
          <RoomRow key={room.id} room={room} me={state.self?.member ?? null} />
        ))}
      </tbody>
    </table>
  );
}

function RoomRow({ room, me }: { readonly room: Room; readonly me: string | null }): ReactElement {
  const { id } = room;
  const { position, continuity } = room.log;
  const { users, error } = room.membership;
  const { members } = room.presence;
  return (
    <tr>
      <th scope="row">{id}</th>
      <td>
        {statusOf(room)}
        {error && (
          <small>
            {' '}
            {error.code}: {error.message}
          </small>
        )}
      </td>
      <td>{continuity}</td>
      <td>{position ? `${position.offset} of ${position.epoch}` : 'none'}</td>
      <td>{users}</td>
      <td>
        {members.size === 0 ? (
          'none'
        ) : (
          <details>
            <summary>{members.size}</summary>
            <ul>
              {Array.from(members.values())
                .slice(0, 50)
                .map((member) => (
                  <li key={member.id}>
                    <code>{member.user?.id ?? member.id}</code>
                    {member.id === me && ' (this client)'}
                    {member.stale && ' (last known)'}{' '}
                    {member.presence !== null && <code>{toText(member.presence, 0)}</code>}
                  </li>
                ))}
            </ul>
          </details>
        )}
      </td>
    </tr>
  );
}
