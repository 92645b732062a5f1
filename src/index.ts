// `roomful`: React apps. Contracts, client and hooks, by name.
export { RealtimeProvider, useRealtime, useRealtimeStore, useConnectionState, useLatency, useRoom, useMessage, useMessages, useSend, useMyPresence, useOthers, useOutbox } from './react/index.js';
export type { Messages, Outbox, RealtimeProviderProps, SendState, UseMessagesOptions, UseRoomOptions } from './react/index.js';
export { defineRoom, type } from './contract/index.js';
export type { AnyContract, ContractMessages, ContractParams, InferInput, InferOutput, MessageData, MessageDefinition, MessageDefinitions, Params, PresenceOf, RoomContract, RoomDefinition, SchemaIssue, SchemaResult, SendData, StandardSchemaV1, VersionedMessage } from './contract/index.js';
export { createClient, json, RealtimeError } from './client/index.js';
export type { Broadcast, Client, ClientEvents, ClientOptions, CloseReason, Codec, ConnectionState, Continuity, DataOf, Encoded, ErrorCode, Failure, HistoryOptions, Latency, ListenOptions, ListView, Logger, Member, MemberIn, Message, MessageIn, OutboxEntry, OutboxStorage, OutboxView, ParamsOf, PresenceIn, ReadonlyStore, RealtimeState, Receipt, Room, RoomName, RoomStatus, RoomView, SendOf, SendOptions, StorageEvent, TypeOf, UserInfo } from './client/index.js';
