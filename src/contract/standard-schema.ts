// The Standard Schema interface (standardschema.dev), copied as its authors ask. zod, valibot, arktype and others
// implement it.

export interface StandardSchemaV1<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

export type InferInput<S> = S extends StandardSchemaV1<infer Input, unknown> ? Input : unknown;
export type InferOutput<S> =
  S extends StandardSchemaV1<never, infer Output>
    ? Output
    : S extends { readonly '~standard': { readonly types?: { readonly output: infer Output } | undefined } }
      ? Output
      : unknown;

/**
 * Returns a schema that gives a type, and checks nothing at run time.
 *
 * @example
 * const chat = defineRoom('chat/:id', { messages: { said: type<{ text: string }>() } });
 */
export function type<T>(): StandardSchemaV1<T, T> {
  return { '~standard': { version: 1, vendor: 'roomful', validate: (value) => ({ value: value as T }) } };
}
