// The events that a server measures. They are frequent: no method may throw, or take long.

export interface Meter {
  /** A connection ended with this code, closed by either side. */
  connectionClosed(code: number): void;
  /**
   * A durable message was appended, `ms` after its turn had come. Its handler and the broker are included.
   */
  messageAcknowledged(ms: number): void;
  /** A client answered a ping after `ms`. */
  pongReceived(ms: number): void;
  /** A room was joined: `new` without a position, or with one `recovered`, or why it was not. */
  roomJoined(outcome: string): void;
  /** A request of the HTTP fallback was handed on to the node that holds its connection. */
  requestHandedOn(): void;
  /** The broker answered an append after `ms`. */
  appendAnswered(ms: number): void;
}

const measureNothing = (): void => undefined;

export const noMeter: Meter = {
  connectionClosed: measureNothing,
  messageAcknowledged: measureNothing,
  pongReceived: measureNothing,
  roomJoined: measureNothing,
  appendAnswered: measureNothing,
  requestHandedOn: measureNothing,
};
