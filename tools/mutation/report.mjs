// What a run found: the score of each file, and each change that no test noticed.
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

/** Noticed by a test that failed, or by one that did not end. */
const isKilled = ({ status }) => status === 'Killed' || status === 'Timeout';
/** Not noticed by any test that reaches it, or reached by none. */
const isAlive = ({ status }) => status === 'Survived' || status === 'NoCoverage';

/** The text of the source that a mutant replaces, on one line. */
function originalOf({ fileName, location: { start, end } }) {
  const lines = readFileSync(fileName, 'utf8')
    .split('\n')
    .slice(start.line - 1, end.line);
  lines[lines.length - 1] = lines.at(-1).slice(0, end.column - 1);
  lines[0] = lines[0].slice(start.column - 1);
  return lines.join(' ');
}

const short = (text) => text.replaceAll(/\s+/g, ' ').slice(0, 120);

/** Prints what became of the mutants, file by file. Returns each file with its score in percent. */
export function report(mutants) {
  const scores = new Map();
  for (const fileName of new Set(mutants.map((it) => it.fileName))) {
    const all = mutants.filter((it) => it.fileName === fileName);
    const alive = all.filter(isAlive).toSorted((a, b) => a.location.start.line - b.location.start.line);
    const killed = all.filter(isKilled).length;
    const score = (100 * killed) / (killed + alive.length);
    const file = relative(process.cwd(), fileName);
    scores.set(file, score);
    console.log(`\n${file}: ${score.toFixed(1)} %, ${killed} of ${killed + alive.length}`);
    for (const mutant of alive) {
      const { location, mutatorName, replacement = '', status } = mutant;
      const where = `${location.start.line}:${location.start.column}`;
      const unreached = status === 'NoCoverage' ? ' (no test comes here)' : '';
      console.log(
        `  ${where} ${mutatorName}: ${short(originalOf(mutant))} -> ${short(replacement)}${unreached}`,
      );
    }
  }
  return scores;
}
