// Every bound that both ends know, each with its reason. The server states its own in `welcome`.

/** What a server lets one connection do. All of it reaches the client in `welcome`. */
export interface Limits {
  /** Bytes of one WebSocket message. 64 KiB holds any chat message and keeps a decode below a millisecond. */
  readonly frame: number;
  /** Fragments of one WebSocket message. Browsers cut at 64 KiB and more; each fragment costs a buffer of its own until the last is there. */
  readonly fragments: number;
  /** Rooms one connection may be in. */
  readonly rooms: number;
  /** Durable messages one session may have unacknowledged in one room: enough to fill a 100 ms round trip at 2,500 a second. */
  readonly window: number;
  /** Entries one `history` answer may hold. */
  readonly history: number;
  /** Frames a second that one connection may send for long, those of WebSocket itself included; twice as many at once. Far above what people and boards need, far below what a loop without end sends. What is refused for good counts as five: it costs the server the check, and brings nobody anything. */
  readonly rate: number;
  /** Messages, broadcasts and presence changes a second that one room takes on one node for long, twice as many at once: each is multiplied by the room's members. Two members at their own limit reach it. Only what is allowed and fits counts. Each user has a share, so that one who says little is heard whatever another says. */
  readonly roomRate: number;
  /** Bytes of one member's presence, encoded: it is kept for every member and sent to each newcomer. */
  readonly presence: number;
  /** Nesting of a payload. Of the protocol, no option: each end's scan relies on it. */
  readonly depth: number;
  /** Values in a payload, containers included. Of the protocol, no option. */
  readonly items: number;
}

/** Nesting of a payload. Deeper ones overflow the stack of somebody's recursion. */
export const maxDepth = 32;
/** Values in a payload, containers included. A frame may hold twice as many. */
export const maxItems = 50_000;

/** The limits that a client goes by. */
export type ClientLimits = Pick<Limits, 'frame' | 'window' | 'history' | 'presence'>;

/** What a client goes by until the server has stated its own. */
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

/** Characters of a room id as its parameters were written, before they are escaped: code points, not UTF-16 units. */
export const maxRoomId = 128;
/** The same in bytes of UTF-8. Each may be escaped, and then takes three characters on the wire. */
export const maxRoomIdBytes = 512;
/** Bytes of a close reason that RFC 6455 leaves room for. */
export const maxCloseReason = 123;
/** How long a connection may stay silent before it says hello, in ms. */
export const helloTimeout = 5_000;

/** Bytes of durable messages that a client leaves unacknowledged on one connection, all rooms together: what waits at the server behind a slow handler is bounded too. */
export const maxFlightBytes = 524_288;
/** Durable messages that a client leaves unacknowledged on one connection, all rooms together: four windows. */
export const maxFlight = 1_024;
