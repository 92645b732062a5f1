// PROTOCOL.md against the code and the tests: whatever exists in only one of them fails here.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { clientChecks } from '../../src/protocol/checks.js';
import { closeCodes, errorCodes, verdictOf } from '../../src/protocol/codes.js';
import { clientKinds, clientWire, serverKinds, serverWire } from '../../src/protocol/frames.js';
import { defaultLimits } from '../../src/protocol/limits.js';

const root = join(import.meta.dirname, '../..');
const text = readFileSync(join(root, 'PROTOCOL.md'), 'utf8');

/** Rows of the table below a heading, cell by cell, without the head. */
function tableUnder(heading: string): string[][] {
  const section = text.split(/^#{2,3} /m).find((part) => part.startsWith(heading));
  if (!section) throw new Error(`PROTOCOL.md has no section '${heading}'`);
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
}

const rowsOf = (
  wire: Readonly<Record<string, readonly [number, string]>>,
  kinds: Readonly<Record<string, string>>,
): string[][] =>
  Object.entries(wire).map(([type, [opcode, fields]]) => {
    const optional = (kinds[type] ?? '').split(' ').map((kind) => kind.endsWith('?') || kind === 'any');
    return [
      type,
      String(opcode),
      fields
        .split(' ')
        .map((name, index) => (optional[index] && name !== 'data' ? `${name}?` : name))
        .join(', '),
    ];
  });

test.each([
  ['From client to server', clientWire, clientKinds],
  ['From server to client', serverWire, serverKinds],
] as const)(
  'the frames %s are those of the code: name, opcode, fields, and which may be null',
  (heading, wire, kinds) => {
    expect(tableUnder(heading)).toEqual(rowsOf(wire, kinds));
  },
);

test('the close codes are those of the code, each with its verdict', () => {
  expect(tableUnder('8. Close codes').map(([code, name, verdict]) => [code, name, verdict])).toEqual(
    Object.entries(closeCodes).map(([name, code]: [string, number]) => [String(code), name, verdictOf(code)]),
  );
});

test('the error codes are those of the code, and whether trying again helps', () => {
  expect(tableUnder('9. Error codes').map(([code, retryable]) => [code, retryable])).toEqual(
    Object.entries(errorCodes).map(([code, retryable]) => [code, retryable ? 'yes' : 'no']),
  );
});

test('the limits are those of the code', () => {
  expect(
    Object.fromEntries(
      tableUnder('10. Limits').map(([name, value = '']) => [name, Number(value.replaceAll(',', ''))]),
    ),
  ).toEqual(defaultLimits);
});

test('the types of fields are those of the code', () => {
  expect(tableUnder('Types').map(([name]) => name)).toEqual(Object.keys(clientChecks).toSorted());
});

/** Rows of a table of fields: frame, field, type, and whether it may be null. A frame is named in its first row only. */
function fieldsUnder(heading: string): string[][] {
  let frame = '';
  return tableUnder(heading).map(([name = '', field = '', type = '', nullable = '']) => {
    if (name !== '') frame = name;
    return [frame, field, type, nullable];
  });
}

test.each([
  ['Fields that a client writes', clientWire, clientKinds],
  ['Fields that a server writes', serverWire, serverKinds],
] as const)(
  '%s are those of the code, each with its type and whether it may be null',
  (heading, wire, kinds) => {
    expect(fieldsUnder(heading)).toEqual(
      Object.entries<readonly [opcode: number, fields: string]>(wire).flatMap(([frame, [, fields]]) => {
        const kindsOfFrame = (kinds as Readonly<Record<string, string>>)[frame]?.split(' ') ?? [];
        return fields.split(' ').map((field, index) => {
          const kind = kindsOfFrame[index] ?? '';
          return [frame, field, kind.replace('?', ''), kind.endsWith('?') || kind === 'any' ? 'yes' : 'no'];
        });
      }),
    );
  },
);

test('every rule has a test that names it, and every rule that a test names exists', () => {
  const rules = Array.from(text.matchAll(/\*\*P(\d+)\*\*/g), ([, number]) => Number(number)).slice(1);
  expect(rules.length).toBeGreaterThan(30);
  expect(rules).toEqual(rules.map((_, index) => index + 1));
  const files = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' }).filter((file) =>
    /\.tsx?$/.test(file),
  );
  const names = files.flatMap((file) =>
    Array.from(
      readFileSync(join(root, 'test', file), 'utf8').matchAll(
        /(?:test|describe)(?:\.each[^\n]*)?\(\s*[`'"]([^`'"]+)/g,
      ),
      ([, name]) => name ?? '',
    ),
  );
  const each = files.flatMap((file) =>
    Array.from(
      readFileSync(join(root, 'test', file), 'utf8').matchAll(/\)\('((?:P\d+ )+)/g),
      ([, name]) => name ?? '',
    ),
  );
  const named = new Set(
    [...names, ...each].flatMap((name) =>
      Array.from(name.matchAll(/\bP(\d+)\b/g), ([, number]) => Number(number)),
    ),
  );
  expect(
    rules.filter((rule) => !named.has(rule)),
    'rules without a test',
  ).toEqual([]);
  expect(
    [...named].filter((rule) => !rules.includes(rule)),
    'tests of rules that do not exist',
  ).toEqual([]);
});
