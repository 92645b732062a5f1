// A payload against its contract: upgrades first, then the schema.
import { cutToBytes } from '../protocol/bytes.js';
import { RealtimeError } from '../protocol/error.js';
import { checkPayload } from '../protocol/payload.js';
import type { AnyContract, MessageDefinition, VersionedMessage } from './define-room.js';
import type { SchemaIssue, StandardSchemaV1 } from './standard-schema.js';

export interface Validated {
  readonly data: unknown;
  readonly version: number;
}

const isVersioned = (it: MessageDefinition): it is VersionedMessage => 'schema' in it;
const definitionOf = (contract: AnyContract, type: string): MessageDefinition | undefined =>
  Object.hasOwn(contract.messages, type) ? contract.messages[type] : undefined;

/** The version in which this contract writes a message type: 1 where it says none. */
export function versionOf(contract: AnyContract, type: string): number {
  const definition = definitionOf(contract, type);
  return definition && isVersioned(definition) ? definition.version : 1;
}

const pathOf = (issue: SchemaIssue): string =>
  (issue.path ?? []).map((step) => String(typeof step === 'object' ? step.key : step)).join('.');

/** Issues that are told of a payload, and bytes of each text in them. A list may have one for each of its items. */
const mostIssues = 20;
const cut = (text: string): string => cutToBytes(text, 80);

/** Runs a Standard Schema. Throws `invalid` with the first 20 of its issues; a schema that answers with a promise throws too: order could not be kept. */
export function validate(schema: StandardSchemaV1, value: unknown, what: string): unknown {
  const result = schema['~standard'].validate(value);
  if (result instanceof Promise) {
    result.catch(() => undefined);
    throw new RealtimeError('invalid', `${what}: its schema is asynchronous`);
  }
  if (!result.issues) return result.value;
  const issues = result.issues
    .slice(0, mostIssues)
    .map((issue) => ({ path: cut(pathOf(issue)), message: cut(issue.message) }));
  const first = issues[0];
  throw new RealtimeError(
    'invalid',
    `${what} does not fit its contract: ${first?.path ? `${first.path}: ` : ''}${first?.message ?? 'no reason given'}`,
    issues,
  );
}

/**
 * A message of `version` as this contract's current version of `type`, validated. Throws `unknown-type`, `unknown-version` (newer than this end
 * knows, or older than it can upgrade), or `invalid`. A reader may trust data of the current version: the server validated it before it was logged.
 */
export function readMessage(
  contract: AnyContract,
  type: string,
  version: number,
  data: unknown,
  current: 'check-current' | 'trust-current' = 'check-current',
): Validated {
  const definition = definitionOf(contract, type);
  if (!definition) {
    if (contract.untyped) return { data, version };
    throw new RealtimeError('unknown-type', `room '${contract.pattern}' has no message '${type}'`);
  }
  const newest = versionOf(contract, type);
  if (version > newest)
    throw new RealtimeError('unknown-version', `'${type}' version ${version} is newer than ${newest}`);
  if (version === newest && current === 'trust-current') return { data, version };
  let value = data;
  if (isVersioned(definition)) {
    for (let from = version; from < newest; from++) {
      const step = definition.upgrade[from] as ((old: unknown) => unknown) | undefined;
      if (!step) throw new RealtimeError('unknown-version', `'${type}' has no upgrade from version ${from}`);
      try {
        value = step(value);
      } catch (error) {
        // Kept at this end: what an exception holds is nobody else's.
        throw Object.assign(
          new RealtimeError('invalid', `'${type}' could not be upgraded from version ${from}`),
          { cause: error },
        );
      }
    }
  }
  return {
    data: validate(isVersioned(definition) ? definition.schema : definition, value, `'${type}'`),
    version: newest,
  };
}

/** Checks what an app wants to send. Returns what the receiver will see, and about how many bytes travel: what does is the input, so that a schema may transform. Throws as {@link readMessage}. */
export function checkMessage(
  contract: AnyContract,
  type: string,
  data: unknown,
): Validated & { readonly bytes: number } {
  const bytes = checkPayload(data);
  const { data: shown, version } = readMessage(contract, type, versionOf(contract, type), data);
  return { data: shown, version, bytes };
}

/** A member's whole presence against its contract. Throws `invalid`. */
export function checkPresence(contract: AnyContract, presence: unknown): unknown {
  checkPayload(presence, 'presence');
  return contract.presence ? validate(contract.presence, presence, 'presence') : presence;
}
