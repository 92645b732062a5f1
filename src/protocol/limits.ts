// The limits that both ends know, each with its reason. A server states its own in `welcome`.

/** What a server allows one connection. The client learns of it in `welcome`. */
export interface Limits {
  /** Bytes of one WebSocket message. 64 KiB holds any chat message and keeps a decode below a millisecond. */
  readonly frame: number;
  /**
   * Fragments of one WebSocket message. Browsers make fragments of 64 KiB or more. Each fragment costs the server a
   * buffer until the last one is there.
   */
  readonly fragments: number;
  /** Rooms that one connection may join. */
  readonly rooms: number;
  /**
   * Messages that one session may have without an ack in one room. 256 fill a round trip of 100 ms at 2,500 messages a
   * second.
   */
  readonly window: number;
  /** Entries in one answer to `history`. */
  readonly history: number;
  /**
   * Frames a second that one connection may send for long, control frames of WebSocket included. Twice as many may
   * come at once. People and boards need far less, and an endless loop sends far more. A frame that is refused for
   * good counts as five: the server has checked it for nothing.
   */
  readonly rate: number;
  /**
   * Messages, broadcasts and presence changes a second that one room takes on one node for long. Twice as many may
   * come at once. The server sends each of them to all members of the room. Two members at their own limit reach this
   * one. Only frames that are allowed and fit count. Each user has a share, so that a busy user does not silence the
   * others.
   */
  readonly roomRate: number;
  /** Bytes of one member's presence, encoded. The server keeps it for each member and sends it to each new one. */
  readonly presence: number;
  /** Levels of nesting in a payload. It is part of the protocol and no option: the scans of both ends rely on it. */
  readonly depth: number;
  /** Values in a payload, containers included. It is part of the protocol and no option. */
  readonly items: number;
}

/** Levels of nesting in a payload. A deeper one can overflow the stack of a recursive reader. */
export const maxDepth = 32;
/** Values in a payload, containers included. A frame may hold twice as many. */
export const maxItems = 50_000;

/** The limits that a client keeps to. */
export type ClientLimits = Pick<Limits, 'frame' | 'window' | 'history' | 'presence'>;

/** The limits that a client keeps to until the server has stated its own. */
export const defaultClientLimits: ClientLimits = {
  frame: 65_536,
  window: 256,
  history: 256,
  presence: 4_096,
};

export const defaultLimits: Limits = {
  frame: defaultClientLimits.frame,
  fragments: 256,
  rooms: 128,
  window: defaultClientLimits.window,
  history: defaultClientLimits.history,
  rate: 5_000,
  roomRate: 10_000,
  presence: defaultClientLimits.presence,
  depth: maxDepth,
  items: maxItems,
};

/** Characters of a room id, as the app wrote its parameters before they were escaped. A character is a code point. */
export const maxRoomId = 128;
/** Bytes of the same id in UTF-8. An escaped byte takes three characters on the wire. */
export const maxRoomIdBytes = 512;
/** Bytes of a close reason, as RFC 6455 bounds them. */
export const maxCloseReason = 123;
/** How long a new connection may wait before it says hello, in ms. */
export const helloTimeout = 5_000;

/**
 * Bytes of messages that a client has without an ack on one connection, in all rooms. It bounds what waits behind a
 * slow handler.
 */
export const maxFlightBytes = 524_288;
/** Messages that a client has without an ack on one connection, in all rooms: four windows. */
export const maxFlight = 1_024;
