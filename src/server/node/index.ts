// The entry `roomful/server`: servers for Node.
export { createRealtimeServer } from './realtime-server.js';
export { jwt } from './auth/jwt.js';
export { serve } from '../rooms/serve.js';
export { memoryBroker } from '../broker/memory-broker.js';
export { json } from '../../protocol/codec.js';
export { msgpack } from '../../protocol/msgpack.js';
export { RealtimeError } from '../../protocol/error.js';
export type { Address, ListenOptions } from './http-sites.js';
export type { LoggedIn, NodeServerOptions, RealtimeServer, RoomOnServer } from './realtime-server.js';
export type { JwtOptions, TokenClaims } from './auth/jwt.js';
export type { TrustProxy } from './http/proxies.js';
export type { ConnectionLimits } from '../connection/connection-limits.js';
export type { SlowPolicy } from '../rooms/slow-policy.js';
export type {
  Action,
  AuthorizeRequest,
  HandlerContext,
  IncomingMessage,
  ServedRoom,
  ServeOptions,
  User,
} from '../rooms/serve.js';
export type { ServerLogger } from '../observe/log.js';
export type { ServerOptions } from '../options.js';
export type { ServerStats } from '../server.js';
export type {
  Append,
  Appended,
  Broker,
  LogLimits,
  LogPage,
  NodeEvent,
  Range,
  Refusal,
  RoomEvent,
  Unrecoverable,
} from '../broker/broker.js';
export type { MemoryBrokerOptions } from '../broker/memory-broker.js';
export type { RequestInfo } from '../ports/ports.js';
export type { MaybePromise } from '../util/maybe-promise.js';
export type { Codec, Encoded } from '../../protocol/codec.js';
export type { Limits } from '../../protocol/limits.js';
export type { Position } from '../../protocol/position.js';
export type { ErrorCode } from '../../protocol/codes.js';
export type { EntryTuple, MemberTuple, SenderTuple, UserInfo } from '../../protocol/frames.js';
