// `npm run check:threats`: every threat that SECURITY.md lists has a test that bears its number in its name.
import { readdirSync, readFileSync } from 'node:fs';

const root = new URL('..', import.meta.url);
const rows = Array.from(
  readFileSync(new URL('SECURITY.md', root), 'utf8').matchAll(/^\| (T\d+) \| [^|]+ \| ([^|]+) \|$/gm),
  ([, number, behaviour]) => ({ number, later: behaviour.includes('to come') }),
);
if (rows.length === 0) throw new Error('SECURITY.md lists no threat');

/** Numbers at the head of a name: `'T3 P12 another frame first'`. */
const numbers = Array.from(
  readdirSync(new URL('test', root), { recursive: true, encoding: 'utf8' }).filter((path) =>
    /\.test\.tsx?$|^contracts\//.test(path),
  ),
  (path) =>
    Array.from(
      readFileSync(new URL(`test/${path}`, root), 'utf8').matchAll(/['"`]((?:[PT]\d+ )*T\d+) /g),
      ([, head]) => head.match(/T\d+/g),
    ),
);
const tested = new Set(numbers.flat(2));

const missing = rows.filter(({ number }) => !tested.has(number));
const known = new Set(rows.map(({ number }) => number));
const unknown = [...tested].filter((number) => !known.has(number));
for (const { number, later } of missing)
  console.log(`${number} has no test${later ? ' yet: it is to come' : ''}`);
for (const number of unknown) console.log(`${number} is in a test's name and not in SECURITY.md`);
console.log(`${rows.length - missing.length} of ${rows.length} threats have a test`);
process.exitCode = unknown.length > 0 || missing.some(({ later }) => !later) ? 1 : 0;
