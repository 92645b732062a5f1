import { expect, it } from 'vitest';
import { checkLines } from '../../tools/architecture/long-lines.mjs';

const linesOf = (text: string): (number | undefined)[] =>
  checkLines(new Map([['wide.tsx', text]])).map(({ line }) => line);

const name = (length: number): string => 'n'.repeat(length);

it('a line of code of 121 columns is an error, one of 120 is not', () => {
  expect(linesOf(`const ${name(120 - 'const  = 1;'.length)} = 1;`)).toEqual([]);
  expect(linesOf(`\nconst ${name(121 - 'const  = 1;'.length)} = 1;`)).toEqual([2]);
});

it.each([
  ['a comment behind code', `const a = 1; // ${name(200)}`],
  ['a comment over lines', `/** ${name(200)}\n * ${name(200)} */`],
  ['a string', `const a = '${name(200)}';`],
  ['a template', `const a = \`${name(200)}\${1}${name(200)}\`;`],
  ['a template over lines', `const a = \`\n${name(200)}\n${name(200)}\`;`],
  ['a regular expression', `const a = /${name(200)}/;`],
  ['text of JSX', `const a = <p>${name(200)}</p>;`],
])('%s does not count', (_what, text) => {
  expect(linesOf(text)).toEqual([]);
});

it('code beside a string counts', () => {
  expect(linesOf(`const ${name(121)} = '${name(10)}';`)).toEqual([1]);
});

it('code within a template counts', () => {
  expect(linesOf(`const a = \`\${${name(121)}}\`;`)).toEqual([1]);
});
