// How a contract's types reach an app, whichever end it is on.
import type {
  AnyContract,
  ContractMessages,
  ContractParams,
  MessageData,
  PresenceOf,
  RoomContract,
  SendData,
} from './define-room.js';

/** What names a room: a contract, or a plain string for an untyped room. */
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
/** What may be sent as this type. */
export type SendOf<R, T> =
  Untyped<R> extends true
    ? unknown
    : T extends keyof ContractMessages<R>
      ? SendData<ContractMessages<R>[T]>
      : never;
/** What arrives as this type. */
export type DataOf<R, T> =
  Untyped<R> extends true
    ? unknown
    : T extends keyof ContractMessages<R>
      ? MessageData<ContractMessages<R>[T]>
      : never;
/** What members of a room show. */
export type PresenceIn<R> =
  Untyped<R> extends true
    ? Readonly<Record<string, unknown>>
    : R extends RoomContract<string, ContractMessages<R> & Record<never, never>>
      ? PresenceOf<R>
      : PresenceOf<R>;

/** The parameters a room's id needs; none for a plain string or a pattern without any. */
export type ParamsOf<R> = R extends string ? Readonly<Record<never, never>> : ContractParams<R>;
