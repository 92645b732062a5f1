// What travels: every frame, in each direction, and the order of its fields on the wire.
import type { PositionTuple } from './position.js';
import { bool, code, count, integer, like, list, maybe, object, position, room, short, text, time, tuple, type Check } from './checks.js';
import type { Limits } from './limits.js';

/** A member as it travels: id, user, presence. */
export type MemberTuple = readonly [id: string, user: UserInfo | null, presence: unknown];
/** The author of a message: id and user. */
export type SenderTuple = readonly [id: string, user: UserInfo | null];
/** Who somebody is, as `authenticate` said, less what it kept for the server. */
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
/** The receipt of one message. `offset` null: a duplicate so old that its place is not known. */
export type ReceiptTuple = readonly [seq: number, offset: number | null, timestamp: number, duplicate: boolean, result?: unknown];
/** Why a join did not continue from the position it named. */
export type ResetWhy = 'epoch' | 'trimmed' | 'rewound' | 'too-far';

export type ClientFrame =
  | { readonly type: 'hello'; readonly session: string; readonly instance: string; readonly token: string | null; readonly takeover: boolean; readonly client: string }
  | { readonly type: 'join'; readonly room: string; readonly position: PositionTuple | null; readonly history: number; readonly presence: unknown }
  | { readonly type: 'leave'; readonly room: string }
  | { readonly type: 'send'; readonly room: string; readonly seq: number; readonly id: string; readonly message: string; readonly version: number; readonly data: unknown; readonly restart: boolean | null }
  | { readonly type: 'broadcast'; readonly room: string; readonly message: string; readonly version: number; readonly data: unknown }
  | { readonly type: 'presence'; readonly room: string; readonly patch: unknown }
  | { readonly type: 'history'; readonly ref: number; readonly room: string; readonly before: number | null; readonly limit: number }
  | { readonly type: 'auth'; readonly token: string }
  | { readonly type: 'ping'; readonly time: number }
  | { readonly type: 'pong'; readonly time: number };

export type ServerFrame =
  | { readonly type: 'welcome'; readonly member: string; readonly heartbeat: readonly [interval: number, timeout: number]; readonly limits: Limits; readonly time: number; readonly node: string; readonly expires: number | null; readonly user: UserInfo | null }
  | { readonly type: 'joined'; readonly room: string; readonly position: PositionTuple; readonly recovered: boolean; readonly why: string | null; readonly messages: readonly EntryTuple[]; readonly members: readonly MemberTuple[] | null; readonly last: number; readonly more: boolean }
  | { readonly type: 'left'; readonly room: string; readonly code: string | null }
  | { readonly type: 'ack'; readonly room: string; readonly epoch: string; readonly receipts: readonly ReceiptTuple[] }
  | { readonly type: 'nack'; readonly room: string; readonly seq: number; readonly code: string; readonly after: number | null; readonly reason: string | null; readonly details: unknown }
  | { readonly type: 'message'; readonly room: string; readonly entry: EntryTuple }
  | { readonly type: 'broadcast'; readonly room: string; readonly sender: SenderTuple | null; readonly message: string; readonly version: number; readonly data: unknown }
  | { readonly type: 'presence'; readonly room: string; readonly joined: readonly MemberTuple[]; readonly left: readonly string[]; readonly changed: readonly (readonly [id: string, patch: unknown])[] }
  | { readonly type: 'history'; readonly ref: number; readonly messages: readonly EntryTuple[]; readonly more: boolean }
  | { readonly type: 'lag'; readonly room: string }
  | { readonly type: 'reset'; readonly room: string; readonly why: string }
  | { readonly type: 'auth'; readonly expires: number | null }
  | { readonly type: 'expiring'; readonly within: number }
  | { readonly type: 'ping'; readonly time: number }
  | { readonly type: 'pong'; readonly time: number }
  | { readonly type: 'goaway'; readonly within: number }
  | { readonly type: 'error'; readonly ref: number | string | null; readonly code: string; readonly reason: string };

export type Frame = ClientFrame | ServerFrame;

/** A frame's opcode, and its fields in the order in which they follow the opcode. */
export interface Shape {
  readonly op: number;
  readonly fields: readonly (readonly [name: string, check: Check])[];
}

type FieldsOf<F extends Frame, T> = Exclude<keyof Extract<F, { type: T }>, 'type'>;
type Shapes<F extends Frame> = { readonly [T in F['type']]: { readonly op: number; readonly fields: readonly (readonly [FieldsOf<F, T>, Check])[] } };

const anything: Check = () => true;
const user = maybe(like<UserInfo>((it) => object(it) && text((it as { id?: unknown }).id)));
const sender = maybe(tuple(short, user));
const member = tuple(short, user, anything);
const entry = tuple(count, short, short, short, time, sender, short, count, anything);
const limits = like<Limits>((it) => object(it) && ['frame', 'rooms', 'window', 'history', 'presence'].every((key) => count((it as Record<string, unknown>)[key])));

export const clientShapes: Shapes<ClientFrame> = {
  hello: { op: 1, fields: [['session', short], ['instance', short], ['token', maybe(text)], ['takeover', bool], ['client', short]] },
  join: { op: 2, fields: [['room', room], ['position', maybe(position)], ['history', count], ['presence', anything]] },
  leave: { op: 3, fields: [['room', room]] },
  send: { op: 4, fields: [['room', room], ['seq', count], ['id', short], ['message', short], ['version', count], ['data', anything], ['restart', maybe(bool)]] },
  broadcast: { op: 5, fields: [['room', room], ['message', short], ['version', count], ['data', anything]] },
  presence: { op: 6, fields: [['room', room], ['patch', object]] },
  history: { op: 7, fields: [['ref', integer], ['room', room], ['before', maybe(count)], ['limit', count]] },
  auth: { op: 8, fields: [['token', text]] },
  ping: { op: 9, fields: [['time', time]] },
  pong: { op: 10, fields: [['time', time]] },
};

export const serverShapes: Shapes<ServerFrame> = {
  ping: { op: 9, fields: [['time', time]] },
  pong: { op: 10, fields: [['time', time]] },
  welcome: { op: 20, fields: [['member', short], ['heartbeat', tuple(count, count)], ['limits', limits], ['time', time], ['node', short], ['expires', maybe(time)], ['user', user]] },
  joined: { op: 21, fields: [['room', room], ['position', position], ['recovered', bool], ['why', maybe(short)], ['messages', list(entry)], ['members', maybe(list(member))], ['last', count], ['more', bool]] },
  left: { op: 22, fields: [['room', room], ['code', maybe(code)]] },
  ack: { op: 23, fields: [['room', room], ['epoch', short], ['receipts', list(tuple(count, maybe(count), time, bool))]] },
  nack: { op: 24, fields: [['room', room], ['seq', count], ['code', code], ['after', maybe(count)], ['reason', maybe(text)], ['details', anything]] },
  message: { op: 25, fields: [['room', room], ['entry', entry]] },
  broadcast: { op: 26, fields: [['room', room], ['sender', sender], ['message', short], ['version', count], ['data', anything]] },
  presence: { op: 27, fields: [['room', room], ['joined', list(member)], ['left', list(short)], ['changed', list(tuple(short, object))]] },
  history: { op: 28, fields: [['ref', integer], ['messages', list(entry)], ['more', bool]] },
  lag: { op: 29, fields: [['room', room]] },
  reset: { op: 30, fields: [['room', room], ['why', short]] },
  auth: { op: 31, fields: [['expires', maybe(time)]] },
  expiring: { op: 32, fields: [['within', time]] },
  goaway: { op: 33, fields: [['within', time]] },
  error: { op: 34, fields: [['ref', maybe((it) => text(it) || integer(it))], ['code', short], ['reason', text]] },
};
