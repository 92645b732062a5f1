// Files that are added to the sources of src/ in memory, to see what the check says of them.
import { checkTree, toLine, type Problem } from '../../tools/architecture/check-tree.mjs';
import type { Layer } from '../../tools/architecture/layers.mjs';
import { readSources } from '../../tools/architecture/source-tree.mjs';

export const sources: ReadonlyMap<string, string> = readSources();

/** The problems of src/ as it is. They have a test of their own, and fail no other. */
export const problemsNow: readonly string[] = checkTree(sources).map(toLine);

const isNew = (problem: Problem): boolean => !problemsNow.includes(toLine(problem));

/** The problems that src/ has only with these files added. */
export const planted = (files: Readonly<Record<string, string>>): Problem[] =>
  checkTree(new Map([...sources, ...Object.entries(files)])).filter(isNew);

/** The problems that src/ has only by another table. */
export const judgedBy = (layers: readonly Layer[]): Problem[] => checkTree(sources, layers).filter(isNew);

/** The relative specifier by which a file of `folder` imports the source `target`. */
export function specifierOf(folder: string, target: string): string {
  const up = folder.split('/').map(() => '..');
  return `./${[...up, target].join('/').replace(/\.tsx?$/, '.js')}`;
}
