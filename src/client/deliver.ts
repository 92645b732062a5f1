// Hands the messages that the machine delivers to the app's handlers, and tells the app of a reset between them.
import { RealtimeError } from '../protocol/error.js';
import type { Listeners } from './client-events.js';
import type { Delivery } from './driver/publisher.js';
import type { Logger } from './edge/logger.js';
import type { RoomHandles } from './rooms/room-handles.js';

export function createDeliver(
  { find }: RoomHandles,
  { emit }: Listeners,
  logger: Logger,
  now: () => number,
  randomId: (characters: number) => string,
): (delivery: Delivery) => void {
  /** Begins the id of each broadcast. It is drawn at the first broadcast. */
  let prefix = '';
  let broadcasts = 0;
  return (delivery) => {
    if (delivery.type === 'reset') {
      const { room, why, missing } = delivery;
      emit('reset', { room, why, missing });
      return;
    }
    const { room } = delivery.type === 'deliver' ? delivery : delivery.broadcast;
    const failed = (error: unknown): void => {
      const what = `a message handler of room '${room}' threw`;
      logger.error(what, error);
      emit('error', new RealtimeError('rejected', what, error), room);
    };
    const handle = find(room);
    if (delivery.type === 'deliver') {
      for (const message of delivery.messages) handle?.deliver(message, failed);
      return;
    }
    const { type, data, sender } = delivery.broadcast;
    // A broadcast has no id on the wire. This one names it within this client.
    prefix ||= randomId(8);
    const id = `${prefix}${(++broadcasts).toString(36)}`;
    handle?.deliver({ id, room, type, data, offset: null, timestamp: now(), sender }, failed);
  };
}
