import { expect, it } from 'vitest';
import { planted } from './plant.js';

it('two files that import a type of each other are an error, .tsx as well', () => {
  const problems = planted({
    'src/react/left.ts': "import type { Right } from './right.js';\nexport interface Left { right: Right }",
    'src/react/right.tsx': "import type { Left } from './left.js';\nexport interface Right { left: Left }",
  });
  expect(problems).toEqual([
    {
      file: 'src/react/left.ts',
      line: 1,
      text:
        'imports src/react/right.tsx, which closes a cycle: src/react/left.ts → src/react/right.tsx → src/react/left.ts. ' +
        'Move what both need into a file of its own.',
    },
  ]);
});

it('a cycle through three files is one error, which names all three', () => {
  const problems = planted({
    'src/react/a.ts': "export * from './b.js';",
    'src/react/b.ts': "export const c = () => import('./c.js');",
    'src/react/c.ts': "export type A = import('./a.js').A;",
  });
  expect(problems).toHaveLength(1);
  expect(problems[0]?.text).toContain('src/react/a.ts → src/react/b.ts → src/react/c.ts → src/react/a.ts');
});

it('a file that imports itself is an error', () => {
  const [problem] = planted({ 'src/react/a.ts': "import type {} from './a.js';" });
  expect(problem?.text).toContain('closes a cycle');
});

it('two ways to one file are no cycle', () => {
  expect(
    planted({
      'src/react/a.ts': "import './b.js';\nimport './c.js';",
      'src/react/b.ts': "import './d.js';",
      'src/react/c.ts': "import './d.js';",
      'src/react/d.ts': 'export {};',
    }),
  ).toEqual([]);
});
