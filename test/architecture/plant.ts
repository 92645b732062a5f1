// Files that are added to the sources of src/ in memory, to see what the check says of them.
import { checkTree, type Problem } from '../../tools/architecture/check-tree.mjs';
import { readSources } from '../../tools/architecture/source-tree.mjs';

export const sources: ReadonlyMap<string, string> = readSources();

/** The problems of src/ with these files added, but for those that src/ has without them. */
export function planted(files: Readonly<Record<string, string>>): Problem[] {
  return checkTree(new Map([...sources, ...Object.entries(files)]));
}

/** The relative specifier by which a file of `folder` imports the source `target`. */
export function specifierOf(folder: string, target: string): string {
  const up = folder.split('/').map(() => '..');
  return `./${[...up, target].join('/').replace(/\.tsx?$/, '.js')}`;
}
