// The port to a transport: one attempt, from its opening to its end.
import type { Encoded } from '../../protocol/codec.js';
import type { Transport } from '../machine/model/connection-state.js';

export interface LinkEvents {
  /** The transport is open; `protocol` is the subprotocol that the server chose. */
  opened(protocol: string): void;
  message(data: Encoded): void;
  /** Once, whoever ended it. 1006 where no close was heard. */
  closed(code: number, reason: string): void;
  /** There is a better transport by now: the next attempt takes it. */
  better?(): void;
}

export interface Link {
  readonly transport: Transport;
  send(data: Encoded): void;
  /** Ends it. Nothing is heard of it afterwards. */
  close(code: number, reason: string): void;
}

/** Starts one attempt. Throws where there is nothing to connect with. */
export type Connect = (url: string, protocols: readonly string[], events: LinkEvents) => Link;
