// What is measured, for whoever watches. Called often: none of it may throw, or take long.

export interface Meter {
  /** A connection ended with this code, whoever closed it. */
  connectionClosed(code: number): void;
  /** A durable message was appended for good, so many ms after its turn had come: handler and broker included. */
  messageAcknowledged(ms: number): void;
  /** A client answered a ping, so many ms after it was asked. */
  pongReceived(ms: number): void;
  /** A room was joined: `new`, or with a position, `recovered` or why not. */
  roomJoined(outcome: string): void;
  /** A request without WebSocket was handed on to the node that holds its connection. */
  requestHandedOn(): void;
  /** The broker took an append, so many ms after it was asked. */
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
