// Checks payloads by their contract: upgrades an older version first, and then runs the schema.
import { cutToBytes } from '../protocol/bytes.js';
import { RealtimeError } from '../protocol/error.js';
import { checkPayload } from '../protocol/payload.js';
import type { AnyContract, MessageDefinition, VersionedMessage } from './define-room.js';
import type { SchemaIssue, StandardSchemaV1 } from './standard-schema.js';

export interface Validated {
  readonly data: unknown;
  readonly version: number;
}

const isVersioned = (definition: MessageDefinition): definition is VersionedMessage => 'schema' in definition;
const definitionOf = (contract: AnyContract, type: string): MessageDefinition | undefined =>
  Object.hasOwn(contract.messages, type) ? contract.messages[type] : undefined;

/** Returns the version in which this contract sends a message type. Without a version it is 1. */
export function versionOf(contract: AnyContract, type: string): number {
  const definition = definitionOf(contract, type);
  return definition && isVersioned(definition) ? definition.version : 1;
}

const pathOf = (issue: SchemaIssue): string =>
  (issue.path ?? []).map((step) => String(typeof step === 'object' ? step.key : step)).join('.');

/** Issues in one error. The schema of a list can find one for each item. */
const maxIssues = 20;
/** Bytes of each text in an issue. */
const maxIssueTextBytes = 80;

const cutIssueText = (text: string): string => cutToBytes(text, maxIssueTextBytes);

/**
 * Runs a schema. Throws `invalid` with the first 20 issues. It also throws for a schema that returns a promise:
 * messages could lose their order.
 */
export function validate(schema: StandardSchemaV1, value: unknown, what: string): unknown {
  const result = schema['~standard'].validate(value);
  if (result instanceof Promise) {
    result.catch(() => undefined);
    throw new RealtimeError('invalid', `${what}: its schema is asynchronous`);
  }
  if (!result.issues) return result.value;
  const issues = result.issues
    .slice(0, maxIssues)
    .map((issue) => ({ path: cutIssueText(pathOf(issue)), message: cutIssueText(issue.message) }));
  const first = issues[0];
  throw new RealtimeError(
    'invalid',
    `${what} does not fit its contract: ${first?.path ? `${first.path}: ` : ''}${first?.message ?? 'no reason given'}`,
    issues,
  );
}

/**
 * Reads the data of a message, and upgrades it from its version to the contract's. Throws `unknown-type`,
 * `unknown-version` (the version is newer than this end knows, or too old to upgrade), or `invalid`.
 *
 * @param current a client may trust data of the current version: the server checked it before it was logged
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
        // The exception is the cause, which stays at this end. It may hold data of the app.
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

/**
 * Checks a message that an app wants to send, and throws what {@link readMessage} throws. Returns the data as receivers
 * will see it, and the approximate size of the data that is sent. The input of the schema is sent, and each receiver
 * runs the schema itself. So a schema may transform.
 */
export function checkMessage(
  contract: AnyContract,
  type: string,
  data: unknown,
): Validated & { readonly bytes: number } {
  const bytes = checkPayload(data);
  const { data: shown, version } = readMessage(contract, type, versionOf(contract, type), data);
  return { data: shown, version, bytes };
}

/** Checks a member's whole presence by its contract. Throws `invalid`. */
export function checkPresence(contract: AnyContract, presence: unknown): unknown {
  checkPayload(presence, 'presence');
  return contract.presence ? validate(contract.presence, presence, 'presence') : presence;
}
