// `npm run check:architecture`: holds src/ to the table in layers.mjs. With `-- --write`, it first writes the files that
// follow from the table. With `-- --print [folder]`, it prints arrows, floors and cycles instead.
//
// Imports are judged here, on a graph of real files, and not by lint: a lint rule sees the words of an import, which
// have many spellings for one file, and an override in .oxlintrc.json replaces the rules that it adds to. Globals are
// judged by lint, which knows scopes, with rules that are written from the table.
import { checkTree, toLine } from './check-tree.mjs';
import { layers } from './layers.mjs';
import { picture } from './print.mjs';
import { readSources } from './source-tree.mjs';
import { checkWritten, writeAll } from './written-files.mjs';

const [verb, folder] = process.argv.slice(2);
if (verb === '--print') {
  console.log(picture(readSources(), layers, folder));
} else if (verb === undefined || verb === '--write') {
  if (verb === '--write') writeAll();
  const problems = [...checkTree(readSources()), ...checkWritten()];
  for (const problem of problems) console.error(toLine(problem));
  if (problems.length > 0) process.exitCode = 1;
} else {
  console.error(`Unknown argument ${verb}: there are --write and --print [folder].`);
  process.exitCode = 2;
}
