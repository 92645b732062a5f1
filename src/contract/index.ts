// `roomful/room`: what the contract file of an app needs, on either side.
export { defineRoom } from './define-room.js';
export { type } from './standard-schema.js';
export { RealtimeError } from '../protocol/error.js';
export type {
  AnyContract,
  ContractMessages,
  ContractParams,
  MessageData,
  MessageDefinition,
  MessageDefinitions,
  PresenceOf,
  RoomContract,
  RoomDefinition,
  SendData,
  VersionedMessage,
} from './define-room.js';
export type { Params } from './pattern.js';
export type {
  InferInput,
  InferOutput,
  SchemaIssue,
  SchemaResult,
  StandardSchemaV1,
} from './standard-schema.js';
export type { ErrorCode } from '../protocol/codes.js';
