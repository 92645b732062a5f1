// `size`: what the browser half weighs in an app. With `--check`, whether it still weighs what it may.
import { readFileSync } from 'node:fs';
import { version as viteVersion } from 'vite';
import { whole } from '../support/figures.mjs';
import { withLibrary } from '../support/library.mjs';
import { table } from '../support/table.mjs';
import { aims, entries } from './entries.mjs';
import { weigh } from './weigh.mjs';

const limits = JSON.parse(readFileSync(new URL('limits.json', import.meta.url), 'utf8'));

export async function run({ check }) {
  const rows = await withLibrary(async (library) => {
    const weights = [];
    for (const [name, text] of Object.entries(entries)) weights.push({ entry: name, ...(await weigh(text, library)), limit: limits[name], aim: aims[name] ?? null });
    return weights;
  });
  console.log(`bytes, bundled and minified by Vite ${viteVersion} with zustand and partysocket, ES2022; React external; brotli quality 11; what Vite adds for loading ahead left out\n`);
  console.log(table(['entry', 'minified', 'brotli', 'limit', 'aim', 'fetched later'], rows.map(({ entry, minified, brotli, limit, aim, later }) => [entry, whole(minified), whole(brotli), whole(limit), aim === null ? '' : whole(aim), whole(later)])));
  console.log(`\n${Object.entries(entries).map(([name, text]) => `${name}: ${text}`).join('\n')}`);

  for (const { entry, brotli, aim } of rows) if (aim !== null && brotli > aim) console.log(`\n'${entry}' misses its aim by ${whole(brotli - aim)} bytes.`);
  const over = check ? rows.filter(({ brotli, limit }) => !(brotli <= limit)) : [];
  for (const { entry, brotli, limit } of over) console.error(`\n'${entry}' weighs ${whole(brotli)} bytes, ${whole(brotli - limit)} more than it may: make it smaller, or raise bench/size/limits.json and say why.`);
  if (check && over.length === 0) console.log('\nWithin the limits.');
  return { json: { results: rows, brotli: Object.fromEntries(rows.map(({ entry, brotli }) => [entry, brotli])) }, ok: over.length === 0 };
}
