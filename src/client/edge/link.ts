// The port to a transport: the link of one attempt, from its opening to its end.
import type { Encoded } from '../../protocol/codec.js';
import type { Transport } from '../machine/model/connection-state.js';

export interface LinkEvents {
  /** The transport is open. `protocol` is the subprotocol that the server chose. */
  opened(protocol: string): void;
  message(data: Encoded): void;
  /** The link has ended. It is called once, with 1006 if there was no close. */
  closed(code: number, reason: string): void;
  /** A better transport works by now. The next attempt uses it. */
  better?(): void;
}

export interface Link {
  readonly transport: Transport;
  send(data: Encoded): void;
  /** Ends the link. It calls no events afterwards. */
  close(code: number, reason: string): void;
}

/** Opens a link. Throws if the platform has no such transport. */
export type Connect = (url: string, protocols: readonly string[], events: LinkEvents) => Link;
