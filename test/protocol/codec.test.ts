// The two codecs: whatever may be sent arrives as it was, and nothing that arrives can hurt.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { json, type Codec, type Encoded } from '../../src/protocol/codec.js';
import { maxDepth, maxItems } from '../../src/protocol/limits.js';
import { msgpack } from '../../src/protocol/msgpack.js';
import { Malformed } from '../../src/protocol/parse.js';
import { checkPayload } from '../../src/protocol/payload.js';
import { RealtimeError } from '../../src/protocol/error.js';
import { seed, sized } from '../support/sizes.js';

const codecs: readonly Codec[] = [json(), msgpack()];
const copied = (part: Encoded): Encoded => (typeof part === 'string' ? part : part.slice());

/** What a decoder made of a message: nothing but the first two is allowed. */
function outcome(codec: Codec, message: Encoded): 'decoded' | 'malformed' | 'threw' {
  try {
    codec.decode(message);
    return 'decoded';
  } catch (error) {
    return error instanceof Malformed ? 'malformed' : 'threw';
  }
}

const key = fc
  .string({ maxLength: 8 })
  .filter((it) => !['__proto__', 'constructor', 'prototype'].includes(it));
const { payload } = fc.letrec<{ payload: unknown }>((tie) => ({
  payload: fc.oneof(
    { maxDepth: 5, depthSize: 'small' },
    fc.constant(null),
    fc.boolean(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((it) => (it === 0 ? 0 : it)),
    fc.maxSafeInteger(),
    fc.string({ unit: 'binary' }).filter((it) => !/\p{Surrogate}/u.test(it)),
    fc.constantFrom('\u0001', '\u0001abc', '\u0001\u0001', 'a\nb', '\u2028'),
    fc.uint8Array({ maxLength: 40 }),
    fc.array(tie('payload'), { maxLength: 5 }),
    fc.dictionary(key, tie('payload'), { maxKeys: 5, noNullPrototype: true }),
  ),
}));

const plain = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return { bytes: [...value] };
  if (Array.isArray(value)) return value.map(plain);
  return typeof value === 'object' && value !== null
    ? Object.fromEntries(Object.entries(value).map(([name, it]) => [name, plain(it)]))
    : value;
};

describe.each(codecs)('$name', (codec) => {
  test('P6 P7 P9 any plain payload arrives as it was, and joined messages come apart as they were', () => {
    fc.assert(
      fc.property(fc.array(payload, { minLength: 1, maxLength: 4 }), (values) => {
        for (const value of values) checkPayload(value);
        const parts = values.map((value) => copied(codec.encode([1, value])));
        expect(plain(codec.decode(codec.join(parts)))).toEqual(plain(values.map((value) => [1, value])));
      }),
      { seed, numRuns: sized(500, 20_000) },
    );
  });

  test('P4 a message of the other kind is malformed', () => {
    expect(() => codec.decode(codec.binary ? '[1]' : new Uint8Array([0x91, 1]))).toThrow(Malformed);
  });

  test('P8 nesting beyond 40 is refused before the decoder sees it, 40 is not', () => {
    const nested = (depth: number): Encoded =>
      codec.binary
        ? new Uint8Array([...Array.from({ length: depth }, () => 0x91), 1])
        : `${'['.repeat(depth)}1${']'.repeat(depth)}`;
    expect(codec.decode(nested(40))).toHaveLength(1);
    expect(() => codec.decode(nested(41))).toThrow(Malformed);
    expect(() => codec.decode(nested(30_000))).toThrow(Malformed);
  });

  test('P8 more than 100,000 values are refused', () => {
    const many = (count: number): Encoded =>
      codec.binary
        ? new Uint8Array([
            0xdd,
            count >>> 24,
            (count >>> 16) & 255,
            (count >>> 8) & 255,
            count & 255,
            ...Array.from({ length: count }, () => 1),
          ])
        : `[${Array.from({ length: count }, () => 1).join(',')}]`;
    expect(codec.decode(many(99_000))).toHaveLength(1);
    expect(() => codec.decode(many(100_001))).toThrow(Malformed);
  });

  test('P8 values are counted frame by frame: a message holds as many frames as it likes', () => {
    const frames = Array.from({ length: 4 }, () => [25, Array.from({ length: 60_000 }, () => 1)]);
    expect(codec.decode(codec.join(frames.map((frame) => copied(codec.encode(frame)))))).toEqual(frames);
  });

  test.each<readonly [string, unknown]>([
    ['empty arrays', Array.from({ length: maxItems - 1 }, () => [])],
    ['empty maps', Array.from({ length: maxItems - 1 }, () => ({}))],
    ['a map', Object.fromEntries(Array.from({ length: maxItems - 1 }, (_, index) => [`key${index}`, 0]))],
    ['maps of one key', Array.from({ length: (maxItems - 1) / 2 }, () => ({ key: {} }))],
  ])('P8 P9 a payload of as many values as may be sent passes the scan: %s', (_name, value) => {
    checkPayload(value);
    expect(
      codec.decode(codec.encode([25, 'room', [1, 'tag', '', 'id', 0, null, 'type', 1, value]])),
    ).toHaveLength(1);
  });

  test('P8 a line that ends inside a text is refused, and not read as two frames or as another text', () => {
    expect(() => json().decode('[9,1,"a\nb"]')).toThrow(Malformed);
    expect(json().decode('[9,1,"a\\nb"]\n[9,2]')).toEqual([
      [9, 1, 'a\nb'],
      [9, 2],
    ]);
  });

  test('random bytes never throw anything but Malformed', () => {
    expect(() => {
      fc.assert(
        fc.property(
          fc.uint8Array({ maxLength: 200 }),
          (bytes) => outcome(codec, codec.binary ? bytes : String.fromCharCode(...bytes)) !== 'threw',
        ),
        { seed, numRuns: sized(5_000, 50_000) },
      );
    }).not.toThrow();
  });

  test('a message cut short anywhere is refused', () => {
    const whole = codec.encode([4, 'room', { a: ['text', 1.5, null, new Uint8Array([1, 2, 3])] }]);
    for (let end = 1; end < whole.length; end++)
      expect(() => codec.decode(whole.slice(0, end))).toThrow(Malformed);
  });

  test('a key __proto__ changes no prototype, whatever it carries', () => {
    const hostile: Encoded = codec.binary
      ? new Uint8Array([0x81, 0xa9, ...new TextEncoder().encode('__proto__'), 0x81, 0xa1, 0x78, 0x01])
      : '[1,{"__proto__":{"x":1}}]';
    expect(outcome(codec, hostile)).not.toBe('threw');
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });
});

describe('P8 MessagePack bombs', () => {
  const u32 = (value: number): number[] => [
    value >>> 24,
    (value >>> 16) & 255,
    (value >>> 8) & 255,
    value & 255,
  ];
  test.each([
    ['array32 of 30 million, nested', Array.from({ length: 20 }, () => [0xdd, ...u32(30_000_000)]).flat()],
    ['array16 of 65,535, nested', Array.from({ length: 20_000 }, () => [0xdc, 0xff, 0xff]).flat()],
    ['map32 of 2 billion', [0xdf, ...u32(2_000_000_000)]],
    ['a string of 4 GB', [0xdb, ...u32(0xffffffff)]],
    ['bytes of 4 GB', [0xc6, ...u32(0xffffffff)]],
    ['an extension', [0xc7, 1, 5, 0]],
    ['a timestamp', [0xd6, 0xff, 0, 0, 0, 0]],
    ['0xc1', [0xc1]],
    ['a value left over inside an array', [0x92, 1]],
  ])('%s', (_name, bytes) => {
    const before = process.memoryUsage().heapUsed;
    expect(() => msgpack().decode(new Uint8Array(bytes))).toThrow(Malformed);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(10_000_000);
  });

  test('P7 a map key that is no string', () => {
    expect(() => msgpack().decode(new Uint8Array([0x81, 1, 1]))).toThrow(Malformed);
  });
});

test('P8 a line break inside a frame begins no new count', () => {
  expect(() => json().decode(`[${Array.from({ length: 100_001 }, () => 1).join('\n')}]`)).toThrow(Malformed);
});

test('P6 a mark without base64 is malformed', () => {
  expect(() => json().decode('["\\u0001*"]')).toThrow(Malformed);
});

describe('P9 what may be sent', () => {
  const deep = (depth: number): unknown => (depth === 0 ? 1 : [deep(depth - 1)]);
  class Custom {}
  test.each([
    ['NaN', NaN, 'is NaN'],
    ['infinity', { a: { b: -Infinity } }, 'a.b is -Infinity'],
    ['a function', { a: [() => 1] }, 'a[0] is a function'],
    ['a symbol', Symbol('x'), 'is a symbol'],
    ['a BigInt', 1n, 'is a bigint'],
    ['a Date', { at: new Date() }, 'at is a Date'],
    ['a Map', new Map(), 'is a Map'],
    ['a class instance', new Custom(), 'is a Custom'],
    ['too deep', deep(maxDepth + 1), 'is nested deeper than 32'],
    ['too many', Array.from({ length: 50_001 }, () => 0), 'holds more than 50000 values'],
    ['constructor', { a: { constructor: 1 } }, 'a has the key constructor'],
    ['__proto__', JSON.parse('{"__proto__": 1}') as unknown, 'has the key __proto__'],
  ])('%s is refused by name', (_name, value, message) => {
    expect(() => checkPayload(value)).toThrow(RealtimeError);
    expect(() => checkPayload(value)).toThrow(message);
  });

  test('undefined fields, null prototypes and 32 levels are fine', () => {
    expect(
      checkPayload({
        a: undefined,
        b: Object.assign(Object.create(null) as object, { c: 1 }),
        d: deep(maxDepth - 1),
      }),
    ).toBeGreaterThan(0);
  });
});
