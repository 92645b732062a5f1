// What is measured, for whoever watches. Called often: none of it may throw, or take long.

export interface Meter {
  /** A connection ended with this code, whoever closed it. */
  closed(code: number): void;
  /** A durable message was appended for good, so many ms after its turn had come: handler and broker included. */
  acknowledged(ms: number): void;
  /** A client answered a ping, so many ms after it was asked. */
  ponged(ms: number): void;
  /** A room was joined: `new`, or with a position, `recovered` or why not. */
  joined(outcome: string): void;
  /** A request without WebSocket was handed on to the node that holds its connection. */
  handed(): void;
  /** The broker took an append, so many ms after it was asked. */
  appended(ms: number): void;
}

const ignore = (): void => undefined;

export const noMeter: Meter = {
  closed: ignore,
  acknowledged: ignore,
  ponged: ignore,
  joined: ignore,
  appended: ignore,
  handed: ignore,
};
