// The connection and a room's membership in public words.
import type { CloseReason } from '../../../protocol/codes.js';
import type { Room } from '../model/room-state.js';
import type { State } from '../model/state.js';
import type { ConnectionState, RoomStatus } from './view.js';

const unknownReason: CloseReason = { code: 1006, reason: '' };

export function connectionView({ connection, retry }: State): ConnectionState {
  const reason = retry.reason ?? unknownReason;
  const reconnecting = (retryAt: number): ConnectionState => ({
    status: 'reconnecting',
    attempt: Math.max(1, retry.attempts),
    retryAt,
    since: retry.lostAt ?? retryAt,
    lost: retry.isLong,
    reason,
  });
  switch (connection.status) {
    case 'idle':
      return { status: 'idle' };
    case 'opening':
    case 'greeting':
      return retry.lostAt === null
        ? {
            status: connection.status === 'opening' ? 'connecting' : 'authenticating',
            attempt: retry.attempts,
          }
        : reconnecting(retry.lostAt);
    case 'live':
      return {
        status: 'connected',
        since: connection.since,
        transport: connection.transport,
        codec: connection.codec,
        recovered: connection.recovered,
      };
    case 'waiting':
      return reconnecting(connection.retryAt);
    case 'offline':
      return { status: 'offline', since: connection.since };
    case 'needs-auth':
    case 'closed':
      return { status: connection.status, reason };
    default:
      return connection satisfies never;
  }
}

/** The status of a room as hooks return it. */
export const statusOf = ({ membership: { phase, joinedAt } }: Room): RoomStatus =>
  phase.status === 'wanted' || phase.status === 'joining'
    ? joinedAt === null
      ? 'joining'
      : 'reconnecting'
    : phase.status;
