// `roomful/client`: apps without React, workers, Node bots.
export { createClient } from './client.js';
export { json } from '../protocol/codec.js';
export { RealtimeError } from '../protocol/error.js';
export type { Client } from './client.js';
export type { ClientEvents } from './client-events.js';
export type { Logger } from './edge/logger.js';
export type { ClientOptions } from './options.js';
export type { Broadcast, Receipt } from './machine/model/effects.js';
export type { Continuity } from './machine/model/room-state.js';
export type { Failure, Member, Message } from './machine/model/message.js';
export type { Latency } from './machine/model/state.js';
export type {
  ConnectionState,
  ListView,
  OutboxEntry,
  OutboxView,
  RealtimeState,
  RoomStatus,
  RoomView,
} from './machine/view/view.js';
export type { HistoryOptions, ListenOptions, Room, SendOptions } from './rooms/room.js';
export type { DataOf, ParamsOf, PresenceIn, RoomName, SendOf, TypeOf } from '../contract/infer.js';
export type { MemberIn, MessageIn } from './rooms/types.js';
export type { OutboxStorage, StorageEvent } from './storage/port.js';
export type { ReadonlyStore } from './driver/publisher.js';
export type { Codec, Encoded } from '../protocol/codec.js';
export type { CloseReason, ErrorCode } from '../protocol/codes.js';
export type { UserInfo } from '../protocol/frames.js';
