// A schema that makes what cannot be sent is found where the room is served, by its name and place.
import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineRoom, type } from '../../src/contract/index.js';
import type { AnyContract } from '../../src/contract/define-room.js';
import type { StandardSchemaV1 } from '../../src/contract/standard-schema.js';
import { serve } from '../../src/server/rooms/serve.js';

/** As JavaScript calls it, without the types that find the same. */
const define = defineRoom as (
  pattern: string,
  definition: {
    readonly messages?: Readonly<Record<string, StandardSchemaV1 | object>>;
    readonly presence?: StandardSchemaV1;
  },
) => AnyContract;

test.each<readonly [string, StandardSchemaV1, string]>([
  ['a coerced date', z.coerce.date(), 'Date'],
  ['a date deep inside', z.object({ all: z.array(z.object({ at: z.date().optional() })) }), 'Date'],
  [
    'a codec to a date',
    z.codec(z.string(), z.date(), { decode: (it) => new Date(it), encode: String }),
    'Date',
  ],
  ['a bigint', z.object({ n: z.bigint() }), 'BigInt'],
  ['a map', z.map(z.string(), z.string()), 'Map'],
  ['a set', z.set(z.string()), 'Set'],
])('%s', (_name, schema, found) => {
  const sentence = `its schema makes a ${found}, and only plain data can be sent`;
  const versioned = { schema, version: 2, upgrade: {} };
  expect(() => serve(define('a/:id', { messages: { fine: z.string(), m: schema } }))).toThrow(
    `Room 'a/:id', message 'm': ${sentence}`,
  );
  expect(() => serve(define('a', { messages: { m: versioned } }))).toThrow(
    `Room 'a', message 'm': ${sentence}`,
  );
  expect(() => serve(define('a', { presence: schema }))).toThrow(`Room 'a', presence: ${sentence}`);
  expect(() => serve(define('a', { presence: schema }))).toThrow(TypeError);
});

test.each<readonly [string, StandardSchemaV1]>([
  ['a transform to a text', z.string().transform((it) => it.trim())],
  ['a moment as a text', z.object({ at: z.iso.datetime() })],
  ['bytes', z.object({ bytes: z.instanceof(Uint8Array) })],
  ['a custom check', z.custom<string>(() => true)],
  ['what is only typed', type<{ readonly a: number }>()],
  [
    'a schema whose description fails with something else',
    {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value: unknown) => ({ value }),
        jsonSchema: {
          output() {
            throw null;
          },
        },
      },
    } as StandardSchemaV1,
  ],
])('%s is served', (_name, schema) => {
  expect(() => serve(define('a', { messages: { m: schema }, presence: schema }))).not.toThrow();
});
