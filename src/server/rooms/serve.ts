// The definition of a room on a server: who may do what, and what happens to messages.
import { anyRoom, untypedRoom, type AnyContract, type RoomContract } from '../../contract/define-room.js';
import type { MessageData, ContractMessages } from '../../contract/define-room.js';
import type { UserInfo } from '../../protocol/frames.js';
import type { LogLimits } from '../broker/broker.js';
import type { MaybePromise } from '../util/maybe-promise.js';
import { checkSchemaOutputs } from './plain-outputs.js';
import { slowPolicies, type SlowPolicy } from './slow-policy.js';

/** An operation in a room. */
export type Action = 'join' | 'send' | 'broadcast' | 'presence' | 'history';

/** An authenticated user, as `authenticate` returned it. */
export type User = UserInfo & {
  /**
   * When the session ends unless its token is renewed, in ms of the server's clock. Other members do not see
   * it.
   */
  readonly expiresAt?: number;
};

export interface AuthorizeRequest<Params = Readonly<Record<string, string>>> {
  readonly action: Action;
  readonly user: User | null;
  /** The id of the room. */
  readonly room: string;
  readonly params: Params;
  /** The type of the message, for `send` and `broadcast`; otherwise null. */
  readonly type: string | null;
  /**
   * The data of the operation: the message for `send` and `broadcast`, the changed fields for `presence`, and
   * for `join` the presence that it brings, or null if there is none or it does not fit.
   *
   * The data is parsed when you first read it, and once. A rule that refuses without reading it runs no
   * schema. Reading data that does not fit the contract throws, and the client is told `invalid`, whatever
   * the rule answers then.
   */
  readonly data: unknown;
}

/**
 * A message on its way into the log. A handler may replace `data`, or write into it. Every member gets the
 * data that the handler leaves, if it fits the contract.
 */
export interface IncomingMessage<Data = unknown> {
  /**
   * The id that the sender chose. Another sender may use the same id: use `key` to do something once for each
   * message.
   */
  readonly id: string;
  /**
   * A key made of sender and id. It is the same whenever this message is handled again, and differs from that
   * of any other message.
   */
  readonly key: string;
  readonly room: string;
  readonly type: string;
  data: Data;
  /**
   * Whether the client says that it sent this message before. Your handler may have run for it then, on a
   * server or for a log that does not remember it. It is a hint, because a client may lie: a handler that
   * must not do something twice has to remember `key`.
   */
  readonly replayed: boolean;
}

export interface HandlerContext<Params = Readonly<Record<string, string>>> {
  readonly user: User | null;
  readonly params: Params;
  /** The member id of the sender. */
  readonly member: string;
  /** Refuses the message. The sender's promise rejects with `rejected`, this reason and these details. */
  reject(reason: string, details?: unknown): never;
  /**
   * Aborts 10 s after the handler began, when the sender is told to ask again later, and when the server
   * closes. It does not abort when the sender's connection ends: the message of a handler that finishes is
   * appended all the same.
   */
  readonly signal: AbortSignal;
}

type ParamsFor<C> = C extends { match(id: string): infer P }
  ? NonNullable<P>
  : Readonly<Record<string, string>>;
type MessageHandlers<C> =
  C extends RoomContract<string, infer M>
    ? {
        readonly [T in keyof M & string]?: (
          message: IncomingMessage<MessageData<ContractMessages<C>[T]>>,
          context: HandlerContext<ParamsFor<C>>,
        ) => unknown;
      }
    : Readonly<Record<string, (message: IncomingMessage, context: HandlerContext) => unknown>>;

export interface ServeOptions<C = AnyContract> {
  /**
   * Decides whether a user may do something. It is asked before each join, send, broadcast, presence change
   * and history request. A join that brings a presence or asks for history asks for these too.
   *
   * - `true` allows the operation, anything else refuses it.
   * - An answer that takes longer than 10 s counts as `unavailable`.
   * - An exception counts as no, and is logged.
   * - A `RealtimeError` with `unavailable` or `limited` says "not now". A message is not settled then: the
   *   client sends it again after `after` ms, the error's fourth argument, from 200 ms to 30 s. Without
   *   `after` it waits 0.2 s, then twice as long each time. Any other operation fails with this code.
   *
   * @default every connected user may do everything
   */
  readonly authorize?: (request: AuthorizeRequest<ParamsFor<C>>) => MaybePromise<boolean>;
  /**
   * How long the server uses an answer of `authorize` again, in ms. An answer counts for one connection, room, action
   * and message type, whatever the data. The server asks anew for each join. A new token or a call of `reauthorize`
   * drops the answers.
   *
   * @default 0, which asks each time
   */
  readonly cache?: number;
  /**
   * Handlers by message type. A handler runs before its message is appended. Its result reaches the sender's
   * receipt; an exception refuses the message.
   *
   * It runs at least once for each message, so make it idempotent by `message.key`. It runs once for as long
   * as this server knows the message, and goes on if the sender's connection breaks or 10 s are over: a
   * sender that sends the message again waits for the same run. It runs again, with `message.replayed`, if:
   *
   * - this server ended before the message was in the log,
   * - the session went on at another node meanwhile,
   * - the log was lost, as that of the default broker is by a restart. Clients send again the messages that
   *   they still hold.
   *
   * A `RealtimeError` with `unavailable` or `limited` says "not now": the client sends the message again
   * after `after` ms, the error's fourth argument, from 200 ms to 30 s. Without `after` it waits 0.2 s, then
   * twice as long each time, 30 s at most.
   *
   * Outside production (`NODE_ENV`), a client on the same machine is told why a handler failed.
   */
  readonly on?: MessageHandlers<C>;
  /**
   * How much of the log is kept: `limit` in entries, `ttl` in ms.
   *
   * @default { limit: 1_000, ttl: 86_400_000 }, which is 24 h
   */
  readonly history?: Partial<LogLimits>;
  /**
   * Whether members see each other.
   *
   * @default true if the contract describes a presence
   */
  readonly presence?: boolean;
  /**
   * Messages, broadcasts and presence changes per second that the room takes on one node; twice as many at
   * once. While other users are there, one user may send half of that at once, and each has a share of the
   * rate.
   *
   * @default `limits.roomRate` of the server
   */
  readonly rate?: number;
  /**
   * What becomes of broadcasts for a member that reads too slowly: see {@link SlowPolicy}. Messages of the
   * log are not concerned: the member reads them from the log.
   *
   * @default 'drop'
   */
  readonly slow?: SlowPolicy;
}

/** A room definition as the server uses it. */
export interface ServedRoom {
  readonly contract: AnyContract;
  readonly authorize: ((request: AuthorizeRequest) => MaybePromise<boolean>) | null;
  readonly handlers: ReadonlyMap<string, (message: IncomingMessage, context: HandlerContext) => unknown>;
  readonly cache: number;
  readonly log: LogLimits;
  readonly presence: boolean;
  readonly rate: number | null;
  readonly slow: SlowPolicy;
}

/**
 * Defines a room of a server.
 *
 * A contract gives the room its types and checks. A string is the pattern of an untyped room, whose payloads
 * are not checked; `'*'` serves every room that no definition before it serves.
 *
 * @example
 * ```ts
 * serve(chat, {
 *     authorize: ({ user, params }) => user !== null && mayEnter(user, params.id),
 *     on: { message: (message) => save(message.key, message.data) },
 * });
 * ```
 * @throws TypeError if an option makes no sense, or a schema is known to make something that cannot be sent,
 * such as a `Date`.
 */
export function serve<C extends AnyContract>(
  contract: C | string,
  options: ServeOptions<C> = {},
): ServedRoom {
  const { limit = 1_000, ttl = 86_400_000 } = options.history ?? {};
  if (!Number.isSafeInteger(limit) || limit < 0 || !(ttl > 0))
    throw new TypeError('history: limit is a whole number from 0, ttl a number of ms above 0');
  const { cache = 0, rate = null, slow = 'drop' } = options;
  if (!(cache >= 0)) throw new TypeError('cache must be a number of ms from 0');
  if (rate !== null && !(rate >= 1)) throw new TypeError('rate must be a number from 1');
  if (!slowPolicies.includes(slow)) throw new TypeError(`slow must be one of ${slowPolicies.join(', ')}`);
  const contractToServe: AnyContract =
    typeof contract !== 'string' ? contract : contract === '*' ? anyRoom() : untypedRoom(contract);
  checkSchemaOutputs(contractToServe);
  return {
    contract: contractToServe,
    authorize: (options.authorize as ServedRoom['authorize'] | undefined) ?? null,
    handlers: new Map(Object.entries(options.on ?? {})) as ServedRoom['handlers'],
    cache,
    log: { limit, ttl },
    presence: options.presence ?? contractToServe.presence !== undefined,
    rate,
    slow,
  };
}
