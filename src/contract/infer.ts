// The types that a contract gives to an app, on the client and on the server.
import type {
  AnyContract,
  ContractMessages,
  ContractParams,
  MessageData,
  PresenceOf,
  RoomContract,
  SendData,
} from './define-room.js';

/** A room as an app names it: a contract, or a plain string for an untyped room. */
export type RoomName = AnyContract | string;

type IsAny<T> = 0 extends 1 & T ? true : false;
type Untyped<R> = R extends string
  ? true
  : R extends { readonly untyped: boolean; readonly messages: infer M }
    ? IsAny<M> extends true
      ? true
      : string extends keyof M
        ? true
        : false
    : true;

/** The message types of a room. */
export type TypeOf<R> = Untyped<R> extends true ? string : keyof ContractMessages<R> & string;
/** The data that an app may send as a message of this type. */
export type SendOf<R, T> =
  Untyped<R> extends true
    ? unknown
    : T extends keyof ContractMessages<R>
      ? SendData<ContractMessages<R>[T]>
      : never;
/** The data of a message of this type, as it arrives. */
export type DataOf<R, T> =
  Untyped<R> extends true
    ? unknown
    : T extends keyof ContractMessages<R>
      ? MessageData<ContractMessages<R>[T]>
      : never;
/** The presence of a member of the room. */
export type PresenceIn<R> =
  Untyped<R> extends true
    ? Readonly<Record<string, unknown>>
    : R extends RoomContract<string, ContractMessages<R> & Record<never, never>>
      ? PresenceOf<R>
      : PresenceOf<R>;

/** The parameters of a room's id. A plain string has none. */
export type ParamsOf<R> = R extends string ? Readonly<Record<never, never>> : ContractParams<R>;
