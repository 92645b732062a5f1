// Which rooms there are on a server, and what it does in them.
import { anyRoom, untypedRoom, type AnyContract, type RoomContract } from '../../contract/define-room.js';
import type { UserInfo } from '../../protocol/frames.js';
import type { MessageData, ContractMessages } from '../../contract/define-room.js';
import type { LogLimits } from '../broker/broker.js';
import { checkSchemaOutputs } from './plain-outputs.js';
import { slowPolicies, type SlowPolicy } from './slow-policy.js';
import type { MaybePromise } from '../util/maybe-promise.js';

/** What somebody wants to do in a room. */
export type Action = 'join' | 'send' | 'broadcast' | 'presence' | 'history';

/** An authenticated user, as `authenticate` returned it. */
export type User = UserInfo & {
  /** When its session ends unless it is refreshed, in ms of the server's clock. Not shown to others. */
  readonly expiresAt?: number;
};

export interface AuthorizeRequest<Params = Readonly<Record<string, string>>> {
  readonly action: Action;
  readonly user: User | null;
  /** The room's id. */
  readonly room: string;
  readonly params: Params;
  /** The message's type, for `send` and `broadcast`. */
  readonly type: string | null;
  /**
   * The message as its contract has it, or what a presence changes; for a join, the presence that it brings, or null where that does not fit. It is parsed when it is
   * first read, and once: a rule that does not look at it refuses without running the schema. Reading a message
   * or a change that does not fit throws, and the client is told `invalid`, whatever the rule answers then.
   */
  readonly data: unknown;
}

/** A message on its way into the log. A handler may set `data`, or write into it: what it leaves, everybody gets, if it fits the contract. */
export interface IncomingMessage<Data = unknown> {
  /** What its sender called it. Another sender may use the same id: what you do once for each message, do once for each `key`. */
  readonly id: string;
  /** Made of sender and id: the same whenever this message is handled again, and that of no other sender's message. */
  readonly key: string;
  readonly room: string;
  readonly type: string;
  data: Data;
  /**
   * Whether the client says that it has sent this message before: this handler may have run for it then, and
   * this server, or the log that it was
   * in, has no memory of it. A hint: a client may say what it likes, and a handler that must not do a thing
   * twice remembers member and id.
   */
  readonly replayed: boolean;
}

export interface HandlerContext<Params = Readonly<Record<string, string>>> {
  readonly user: User | null;
  readonly params: Params;
  /** The sender's member id. */
  readonly member: string;
  /** Refuses the message: the sender's promise rejects with `rejected`, this reason and these details. */
  reject(reason: string, details?: unknown): never;
  /** Aborts 10 s after the handler began, when its sender is told to ask again later, and when the server closes. Not when the sender's connection ends: a handler that finishes has its message appended, whoever still waits. */
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
  /** Asked before each join, send, broadcast, presence and history; a join that brings a presence or wants history asks for those too. Default: everybody who is connected may. One that takes longer than 10 s counts as `unavailable`, one that throws as no. A `RealtimeError` `unavailable` or `limited` says "not now": of a message nothing is settled, and it comes again after `after` ms (the error's fourth argument), from 200 ms to 30 s, or after 0.2 s and then twice as long each time; anything else fails with this code. */
  readonly authorize?: (request: AuthorizeRequest<ParamsFor<C>>) => MaybePromise<boolean>;
  /**
   * How long an answer of `authorize` counts, in ms: for the same connection in the same room, the same action and the same message type, whatever the message says. Not for joins, and not beyond a new token or `reauthorize`. Default 0: each is asked for anew.
   */
  readonly cache?: number;
  /** By message type: runs before the append, at least once for each message, so that what it does must be idempotent by `message.key`, which names a message for good. It runs once for as long as this server knows the message. It goes on where the sender's connection breaks or 10 s are over; the sender that sends the message again then waits for the same run. It runs again, with `message.replayed`, where this server ended before the message was in the log, where the session went on at another node meanwhile, and where the log was lost, as that of the default broker is by a restart: senders then send again what they still hold. What it returns reaches the sender's receipt; what it throws refuses the message. A `RealtimeError` `unavailable` or `limited` says "not now": nothing is settled, and the message comes again after `after` ms (the error's fourth argument), from 200 ms to 30 s; without it after 0.2 s, then twice as long each time, 30 s at most. Outside production (`NODE_ENV`), a client on the same machine is told why a handler failed. */
  readonly on?: MessageHandlers<C>;
  /** How much of the log is kept. Default 1,000 entries, 24 h. */
  readonly history?: Partial<LogLimits>;
  /** Whether members see each other. Default: whether the contract describes a presence. */
  readonly presence?: boolean;
  /** Messages, broadcasts and presence changes a second that a room takes on one node, twice as many at once; half of that at once from one user while others are there. Each user has a share of it. Default: the server's `limits.roomRate`. */
  readonly rate?: number;
  /** What becomes of broadcasts for a member that reads too slowly: see {@link SlowPolicy}. Default `'drop'`. Messages of the log are not concerned: these it gets from there. */
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
 * Says that a server has this kind of room. A plain string serves an untyped room, whose payloads nobody checks; `'*'` serves every room that no entry before it serves.
 *
 * @throws TypeError where an option makes no sense, and where a schema of the contract is known to make what cannot be sent, such as a `Date`.
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
