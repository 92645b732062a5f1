// Room contracts: the pattern of a room's id, and the schemas of its messages and its presence.
import { isRoomId } from '../protocol/checks.js';
import type { IfPlain } from './plain.js';
import { checkRoomId, compilePattern, hasAlias, type Params } from './pattern.js';
import type { InferInput, InferOutput, StandardSchemaV1 } from './standard-schema.js';

/** A message type whose shape has changed, with its older versions. */
export interface VersionedMessage<S extends StandardSchemaV1 = StandardSchemaV1> {
  readonly schema: S;
  /** The current version, counted from 1. */
  readonly version: number;
  /** For each older version, a function that turns its data into the data of the next version. */
  readonly upgrade: { readonly [from: number]: (old: never) => unknown };
}

export type MessageDefinition = StandardSchemaV1 | VersionedMessage;
export type MessageDefinitions = Readonly<Record<string, MessageDefinition>>;

type SchemaOf<D> = D extends VersionedMessage<infer S> ? S : D;
/** The data that an app may send as a message of this definition. */
export type SendData<D> = InferInput<SchemaOf<D>>;
/** The data of a message of this definition, as it arrives. */
export type MessageData<D> = InferOutput<SchemaOf<D>>;

/** A contract of rooms, as {@link defineRoom} returns it. Client and server share it. */
export interface RoomContract<
  Pattern extends string = string,
  Messages extends MessageDefinitions = MessageDefinitions,
  Presence extends StandardSchemaV1 = StandardSchemaV1,
> {
  readonly pattern: Pattern;
  readonly messages: Messages;
  readonly presence: Presence | undefined;
  /** True for a room that is named by a plain string: it has any message type, and its payloads are not checked. */
  readonly untyped: boolean;
  /**
   * Returns the room's id for these parameters. Throws `invalid` if one is missing or empty, or if the id is too
   * long.
   */
  id(params: Params<Pattern>): string;
  /** Returns the same id, even if it is too long. A room with such an id has the failure in its `error`. */
  longId(params: Params<Pattern>): string;
  /** Returns the parameters that make exactly this room id, or null for an id of other rooms. */
  match(id: string): Params<Pattern> | null;
}

/** Any contract. The type does not know its pattern, so it does not know the parameters of `id` either. */
export type AnyContract = Omit<RoomContract, 'id' | 'longId' | 'match'> & {
  id(params: never): string;
  longId(params: never): string;
  match(id: string): Readonly<Record<string, string>> | null;
};

export type ContractParams<C> = C extends { readonly pattern: infer Pattern extends string }
  ? Params<Pattern>
  : never;
export type ContractMessages<C> = C extends { readonly messages: infer Messages } ? Messages : never;
/** The presence that a contract defines. */
export type PresenceOf<C> = C extends { readonly presence: infer P } ? InferOutput<NonNullable<P>> : unknown;

export interface RoomDefinition<Messages extends MessageDefinitions, Presence extends StandardSchemaV1> {
  /**
   * The messages of the room, by type: a Standard Schema, or `{ schema, version, upgrade }` for a message whose shape
   * has changed.
   *
   * @default no messages
   */
  readonly messages?: Messages;
  /**
   * The schema of what each member shows to the others.
   *
   * @default any object
   */
  readonly presence?: Presence;
}

/** Refuses schemas whose output is not plain data. */
interface PlainOutputs<Messages extends MessageDefinitions, Presence extends StandardSchemaV1> {
  readonly messages?: { readonly [T in keyof Messages]: IfPlain<MessageData<Messages[T]>> };
  readonly presence?: IfPlain<InferOutput<Presence>>;
}

/**
 * Defines rooms of one kind, for the client and the server: the ids they have, the messages you can send in them, and
 * the presence of their members.
 *
 * @param pattern the form of their ids, such as `'chat/:id'` with the parameter `id`
 * @param definition schemas of messages and presence, from zod, valibot, arktype or another library with Standard
 * Schema
 * @throws TypeError if no room id can have this pattern, or if a version is not a whole number from 1
 *
 * @example
 * const chat = defineRoom('chat/:id', {
 *   messages: { said: z.object({ text: z.string() }) },
 *   presence: z.object({ name: z.string() }),
 * });
 */
export function defineRoom<
  const Pattern extends string,
  Messages extends MessageDefinitions = Record<never, never>,
  Presence extends StandardSchemaV1 = StandardSchemaV1,
>(
  pattern: Pattern,
  definition: RoomDefinition<Messages, Presence> & PlainOutputs<NoInfer<Messages>, NoInfer<Presence>> = {},
): RoomContract<Pattern, Messages, Presence> {
  for (const [type, message] of Object.entries(definition.messages ?? {})) {
    if ('schema' in message && (!Number.isSafeInteger(message.version) || message.version < 1))
      throw new TypeError(`Room '${pattern}', message '${type}': version is a whole number from 1`);
  }
  return contractOf(pattern, definition.messages ?? ({} as Messages), definition.presence, false);
}

/** Returns a contract that matches each possible room. */
export function anyRoom(): RoomContract {
  return {
    ...contractOf('any', {}, undefined, true),
    pattern: '*',
    // An id may be another spelling of a room that an earlier pattern serves. It is not a room of its own.
    match: (id) => (isRoomId(id) && !hasAlias(id) ? {} : null),
  };
}

/** Returns the contract of a room that is named by a plain string: it checks neither parameters nor payloads. */
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
