// A check for schemas whose output cannot be sent. The types of `defineRoom` refuse them too, but JavaScript
// has no types.
import type { AnyContract, MessageDefinition } from '../../contract/define-room.js';
import type { StandardSchemaV1 } from '../../contract/standard-schema.js';

/**
 * A schema with Standard JSON Schema (standardschema.dev/json-schema), which zod has from 4.2 on. `output`
 * throws if no JSON Schema describes the output.
 */
interface DescribedSchema {
  readonly jsonSchema?: { output?(options: { readonly target: 'draft-2020-12' }): unknown } | undefined;
}

/** Outputs that are never plain data. Any other transform may make plain data. */
const neverPlain = /^(Date|BigInt|Map|Set|Symbol)s?\b/;

const schemaOf = (definition: MessageDefinition): StandardSchemaV1 =>
  'schema' in definition ? definition.schema : definition;

function whyNotPlain(schema: StandardSchemaV1): string | null {
  try {
    (schema['~standard'] as DescribedSchema).jsonSchema?.output?.({ target: 'draft-2020-12' });
    return null;
  } catch (error) {
    return neverPlain.exec(error instanceof Error ? error.message : '')?.[1] ?? null;
  }
}

/** Throws a `TypeError` if a schema of the contract is known to make something that cannot be sent. */
export function checkSchemaOutputs({ pattern, messages, presence }: AnyContract): void {
  const schemas = new Map(
    Object.entries(messages).map(([type, definition]) => [`message '${type}'`, schemaOf(definition)]),
  );
  if (presence) schemas.set('presence', presence);
  for (const [place, schema] of schemas) {
    const exoticType = whyNotPlain(schema);
    if (exoticType)
      throw new TypeError(
        `Room '${pattern}', ${place}: its schema makes a ${exoticType}, ` +
          'and only plain data can be sent, such as a text or a number for a moment',
      );
  }
}
