// What it takes to handle durable messages.
import type { AccessContext } from '../access/context.js';
import type { Broker } from '../broker/broker.js';
import type { Meter } from '../ports/meter.js';
import type { ServerPorts } from '../ports/ports.js';
import type { MessagesInProgress } from './in-progress.js';

export interface MessageContext extends ServerPorts, AccessContext {
  readonly broker: Broker;
  readonly meter: Meter;
  readonly messagesInProgress: MessagesInProgress;
  /**
   * Records that a message of a session was appended or refused: the session's connection, whichever it is by now,
   * goes on after it. Returns false if the session is not in the room at this node.
   */
  readonly recordSettled: (producer: string, room: string, seq: number) => boolean;
  /** Tells the broker that a session left a room. `agoMs`: how long ago this node last asked for its watermark. */
  readonly restProducer: (producer: string, room: string, agoMs: number) => void;
}
