// All frames in each direction, with their opcodes, and with the order and the kinds of their fields on the wire.
import type { PositionTuple } from './position.js';
import type { Limits } from './limits.js';

/** A member as it travels: id, user, presence. */
export type MemberTuple = readonly [id: string, user: UserInfo | null, presence: unknown];
/** The author of a message: id and user. */
export type SenderTuple = readonly [id: string, user: UserInfo | null];
/** A user as other members see it: what `authenticate` returned, without the fields that it keeps for the server. */
export type UserInfo = { readonly id: string } & Readonly<Record<string, unknown>>;
/** An entry of a room's log. `previous` is the tag of the entry before it. */
export type EntryTuple = readonly [
  offset: number,
  tag: string,
  previous: string,
  id: string,
  timestamp: number,
  sender: SenderTuple | null,
  type: string,
  version: number,
  data: unknown,
];
/**
 * The receipt of one message. `offset` is null for a duplicate so old that the server does not know its place any more.
 * `tag` is the tag of its entry. An older server does not send it.
 */
export type ReceiptTuple = readonly [
  seq: number,
  offset: number | null,
  timestamp: number,
  duplicate: boolean,
  result?: unknown,
  tag?: string | null,
];

export type ClientFrame =
  | {
      readonly type: 'hello';
      readonly session: string;
      readonly instance: string;
      readonly token: string | null;
      readonly takeover: boolean;
      readonly client: string;
      readonly attempt?: number | null;
    }
  | {
      readonly type: 'join';
      readonly room: string;
      readonly position: PositionTuple | null;
      readonly history: number;
      readonly presence: unknown;
    }
  | { readonly type: 'leave'; readonly room: string }
  | {
      readonly type: 'send';
      readonly room: string;
      readonly seq: number;
      readonly id: string;
      readonly message: string;
      readonly version: number;
      readonly data: unknown;
      readonly follows?: number | null;
      /** True if the client has sent this message before. */
      readonly replayed?: boolean | null;
    }
  | {
      readonly type: 'broadcast';
      readonly room: string;
      readonly message: string;
      readonly version: number;
      readonly data: unknown;
    }
  | {
      readonly type: 'presence';
      readonly room: string;
      readonly patch: unknown;
      /** Keys that the patch removes. */
      readonly cleared?: readonly string[] | null;
    }
  | {
      readonly type: 'history';
      readonly ref: number;
      readonly room: string;
      readonly before: number | null;
      readonly limit: number;
    }
  | { readonly type: 'auth'; readonly token: string }
  | { readonly type: 'ping'; readonly time: number }
  | { readonly type: 'pong'; readonly time: number };

export type ServerFrame =
  | {
      readonly type: 'welcome';
      readonly member: string;
      readonly heartbeat: readonly [interval: number, timeout: number];
      readonly limits: Limits;
      readonly time: number;
      readonly node: string;
      readonly expires: number | null;
      readonly user: UserInfo | null;
    }
  | {
      readonly type: 'joined';
      readonly room: string;
      readonly position: PositionTuple;
      readonly recovered: boolean;
      readonly why: string | null;
      readonly messages: readonly EntryTuple[];
      readonly members: readonly MemberTuple[] | null;
      readonly last: number;
      readonly more: boolean;
    }
  | { readonly type: 'left'; readonly room: string; readonly code: string | null }
  | {
      readonly type: 'ack';
      readonly room: string;
      readonly epoch: string;
      readonly receipts: readonly ReceiptTuple[];
    }
  | {
      readonly type: 'nack';
      readonly room: string;
      readonly seq: number;
      readonly code: string;
      readonly after: number | null;
      readonly reason: string | null;
      readonly details: unknown;
    }
  | { readonly type: 'message'; readonly room: string; readonly entry: EntryTuple }
  | {
      readonly type: 'broadcast';
      readonly room: string;
      readonly sender: SenderTuple | null;
      readonly message: string;
      readonly version: number;
      readonly data: unknown;
    }
  | {
      readonly type: 'presence';
      readonly room: string;
      readonly joined: readonly MemberTuple[];
      readonly left: readonly string[];
      readonly changed: readonly (readonly [id: string, patch: unknown])[];
    }
  | {
      readonly type: 'history';
      readonly ref: number;
      readonly messages: readonly EntryTuple[];
      readonly more: boolean;
    }
  | { readonly type: 'lag'; readonly room: string }
  | { readonly type: 'reset'; readonly room: string; readonly why: string }
  | { readonly type: 'auth'; readonly expires: number | null }
  | { readonly type: 'expiring'; readonly within: number }
  | { readonly type: 'ping'; readonly time: number }
  | { readonly type: 'pong'; readonly time: number; readonly spread?: number | null }
  | { readonly type: 'goaway'; readonly within: number }
  | {
      readonly type: 'error';
      readonly ref: number | string | null;
      readonly code: string;
      readonly reason: string;
      /** In how many ms the client may try the same again. */
      readonly after?: number | null;
    };

export type Frame = ClientFrame | ServerFrame;

export const clientWire = {
  hello: [1, 'session instance token takeover client attempt'],
  join: [2, 'room position history presence'],
  leave: [3, 'room'],
  send: [4, 'room seq id message version data follows replayed'],
  broadcast: [5, 'room message version data'],
  presence: [6, 'room patch cleared'],
  history: [7, 'ref room before limit'],
  auth: [8, 'token'],
  ping: [9, 'time'],
  pong: [10, 'time'],
} as const;

export const clientKinds = {
  hello: 'name name text? bool id count?',
  join: 'room position? count object?',
  leave: 'room',
  send: 'room number name name number payload count? bool?',
  broadcast: 'room name number payload',
  presence: 'room object ids?',
  history: 'integer room count? count',
  auth: 'text',
  ping: 'time',
  pong: 'time',
} as const;

export const serverWire = {
  ping: [9, 'time'],
  pong: [10, 'time spread'],
  welcome: [20, 'member heartbeat limits time node expires user'],
  joined: [21, 'room position recovered why messages members last more'],
  left: [22, 'room code'],
  ack: [23, 'room epoch receipts'],
  nack: [24, 'room seq code after reason details'],
  message: [25, 'room entry'],
  broadcast: [26, 'room sender message version data'],
  presence: [27, 'room joined left changed'],
  history: [28, 'ref messages more'],
  lag: [29, 'room'],
  reset: [30, 'room why'],
  auth: [31, 'expires'],
  expiring: [32, 'within'],
  goaway: [33, 'within'],
  error: [34, 'ref code reason after'],
} as const;

export const serverKinds = {
  ping: 'time',
  pong: 'time time?',
  welcome: 'id heartbeat limits time id time? user?',
  joined: 'room position bool id? entries members? count bool',
  left: 'room id?',
  ack: 'room id receipts',
  nack: 'room count id count? text? any',
  message: 'room entry',
  broadcast: 'room sender? id count any',
  presence: 'room members ids changes',
  history: 'integer entries bool',
  lag: 'room',
  reset: 'room id',
  auth: 'time?',
  expiring: 'time',
  goaway: 'time',
  error: 'ref? id text count?',
} as const;
