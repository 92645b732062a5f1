// Room contracts: what a room's id looks like, what is said in it, and what its members show of themselves.
import { isRoomId } from '../protocol/checks.js';
import type { IfPlain } from './plain.js';
import { checkRoomId, compilePattern, hasAlias, type Params } from './pattern.js';
import type { InferInput, InferOutput, StandardSchemaV1 } from './standard-schema.js';

/** A message type that has changed shape. */
export interface VersionedMessage<S extends StandardSchemaV1 = StandardSchemaV1> {
  readonly schema: S;
  /** The current version, counted from 1. */
  readonly version: number;
  /** For each older version, what turns its data into the next version's. */
  readonly upgrade: { readonly [from: number]: (old: never) => unknown };
}

export type MessageDefinition = StandardSchemaV1 | VersionedMessage;
export type MessageDefinitions = Readonly<Record<string, MessageDefinition>>;

type SchemaOf<D> = D extends VersionedMessage<infer S> ? S : D;
/** What may be sent as a message of this definition. */
export type SendData<D> = InferInput<SchemaOf<D>>;
/** What arrives as a message of this definition. */
export type MessageData<D> = InferOutput<SchemaOf<D>>;

/** What {@link defineRoom} returns: shared by browser and server. */
export interface RoomContract<
  Pattern extends string = string,
  Messages extends MessageDefinitions = MessageDefinitions,
  Presence extends StandardSchemaV1 = StandardSchemaV1,
> {
  readonly pattern: Pattern;
  readonly messages: Messages;
  readonly presence: Presence | undefined;
  /** Whether payloads are unchecked and any message type goes: a room named by a plain string. */
  readonly untyped: boolean;
  /** The room's id for these parameters. Throws `invalid` where one is missing or empty, or the id is too long. */
  id(params: Params<Pattern>): string;
  /** The same, however long the id is: whoever uses a room whose id is too long finds that in its `error`. */
  longId(params: Params<Pattern>): string;
  /** The parameters that make exactly this room id, or null where it is another room's. */
  match(id: string): Params<Pattern> | null;
}

/** Any contract, whatever it types: its `id` takes the parameters of a pattern that is not known here. */
export type AnyContract = Omit<RoomContract, 'id' | 'longId' | 'match'> & {
  id(params: never): string;
  longId(params: never): string;
  match(id: string): Readonly<Record<string, string>> | null;
};

export type ContractParams<C> = C extends { readonly pattern: infer Pattern extends string }
  ? Params<Pattern>
  : never;
export type ContractMessages<C> = C extends { readonly messages: infer Messages } ? Messages : never;
/** The presence a contract describes. */
export type PresenceOf<C> = C extends { readonly presence: infer P } ? InferOutput<NonNullable<P>> : unknown;

export interface RoomDefinition<Messages extends MessageDefinitions, Presence extends StandardSchemaV1> {
  /** What is said in the room, by type: a Standard Schema, or `{ schema, version, upgrade }` for one that has changed shape. */
  readonly messages?: Messages;
  /** What each member shows of itself. */
  readonly presence?: Presence;
}

/** Holds each schema to making plain data. */
interface PlainOutputs<Messages extends MessageDefinitions, Presence extends StandardSchemaV1> {
  readonly messages?: { readonly [T in keyof Messages]: IfPlain<MessageData<Messages[T]>> };
  readonly presence?: IfPlain<InferOutput<Presence>>;
}

/**
 * Describes a kind of room, for both ends.
 *
 * @param pattern its id, with parameters: `'chat/:id'`. Throws a `TypeError` where it cannot be one.
 * @param definition its messages and presence.
 */
export function defineRoom<
  const Pattern extends string,
  Messages extends MessageDefinitions = Record<never, never>,
  Presence extends StandardSchemaV1 = StandardSchemaV1,
>(
  pattern: Pattern,
  definition: RoomDefinition<Messages, Presence> & PlainOutputs<NoInfer<Messages>, NoInfer<Presence>> = {},
): RoomContract<Pattern, Messages, Presence> {
  for (const [type, it] of Object.entries(definition.messages ?? {})) {
    if ('schema' in it && (!Number.isSafeInteger(it.version) || it.version < 1))
      throw new TypeError(`Room '${pattern}', message '${type}': version is a whole number from 1`);
  }
  return contractOf(pattern, definition.messages ?? ({} as Messages), definition.presence, false);
}

/** The contract of every room that there can be. */
export function anyRoom(): RoomContract {
  return {
    ...contractOf('any', {}, undefined, true),
    pattern: '*',
    // Another name of a room that an earlier pattern serves is no room either.
    match: (id) => (isRoomId(id) && !hasAlias(id) ? {} : null),
  };
}

/** The contract of a room named by a plain string: no parameters checked, no payload checked. */
export function untypedRoom(pattern: string): RoomContract {
  return contractOf(pattern, {}, undefined, true);
}

function contractOf<
  Pattern extends string,
  Messages extends MessageDefinitions,
  Presence extends StandardSchemaV1,
>(
  pattern: Pattern,
  messages: Messages,
  presence: Presence | undefined,
  untyped: boolean,
): RoomContract<Pattern, Messages, Presence> {
  const compiled = compilePattern(pattern);
  const longId = (params: Params<Pattern>): string =>
    compiled.id((params ?? {}) as Readonly<Record<string, string>>);
  return {
    pattern,
    messages,
    presence,
    untyped,
    id: (params) => checkRoomId(longId(params)),
    longId,
    match: (id) => compiled.match(id) as Params<Pattern> | null,
  };
}
