// `size`: what the browser half weighs in an app, beside what others do. With `--check`, whether it still weighs what it may.
import { readFileSync } from 'node:fs';
import { version as viteVersion } from 'vite';
import { whole } from '../support/figures.mjs';
import { withLibrary } from '../support/library.mjs';
import { installPackages } from '../support/packages.mjs';
import { bench, requireFromBench, requireFromRoot, root, versionOf } from '../support/places.mjs';
import { table } from '../support/table.mjs';
import { aims, entries, floor, packageOf, peers } from './entries.mjs';
import { weigh } from './weigh.mjs';

const limits = JSON.parse(readFileSync(new URL('limits.json', import.meta.url), 'utf8'));

async function weighOurs(library) {
  const weights = new Map();
  for (const [entry, { text, beyond }] of Object.entries(entries)) {
    const all = await weigh(text, { library, from: root });
    const base = weights.get(beyond) ?? { minified: 0, brotli: 0 };
    weights.set(entry, {
      entry,
      text,
      beyond: beyond ?? null,
      minified: all.minified - base.minified,
      brotli: all.brotli - base.brotli,
      later: all.later,
      limit: limits[entry],
      aim: aims[entry] ?? null,
    });
  }
  return [...weights.values()];
}

async function weighPeers() {
  const weights = [];
  for (const [name, text] of Object.entries(peers)) {
    const [from, require] = name === floor ? [root, requireFromRoot] : [bench, requireFromBench];
    const packages = name === floor ? ['partysocket', 'zustand'] : [packageOf[name] ?? name];
    weights.push({
      peer: name,
      version: packages.map((it) => versionOf(require, it)).join(' + '),
      ...(await weigh(text, { from })),
    });
  }
  return weights.toSorted((one, two) => one.brotli - two.brotli);
}

export async function run({ check }) {
  const rows = await withLibrary(weighOurs);
  console.log(
    `bytes, bundled and minified by Vite ${viteVersion} with zustand and partysocket, ES2022; React external; brotli quality 11; what Vite adds for loading ahead left out\n`,
  );
  console.log(
    table(
      ['entry', 'minified', 'brotli', 'limit', 'aim', 'fetched later'],
      rows.map(({ entry, beyond, minified, brotli, limit, aim, later }) => [
        beyond ? `+ ${entry}` : entry,
        whole(minified),
        whole(brotli),
        whole(limit),
        aim === null ? '' : whole(aim),
        whole(later),
      ]),
    ),
  );
  console.log(
    `\n${rows.map(({ entry, text, beyond }) => `${entry}: ${text}${beyond ? `, less ${beyond}` : ''}`).join('\n')}`,
  );
  for (const { entry, brotli, aim } of rows)
    if (aim !== null && brotli > aim)
      console.log(`\n'${entry}' misses its aim by ${whole(brotli - aim)} bytes.`);

  const over = check ? rows.filter(({ brotli, limit }) => !(brotli <= limit)) : [];
  for (const { entry, brotli, limit } of over)
    console.error(
      `\n'${entry}' weighs ${whole(brotli)} bytes, ${whole(brotli - limit)} more than it may: make it smaller, or raise bench/size/limits.json and say why.`,
    );
  if (check && over.length === 0) console.log('\nWithin the limits.');

  const others = check ? [] : (installPackages(), await weighPeers());
  const usual = rows.find(({ entry }) => entry === 'usual');
  if (others.length)
    console.log(
      `\nOthers, a few lines each that connect, join and hear\n\n${table(
        ['', 'version', 'minified', 'brotli', "'usual' / this"],
        others.map(({ peer, version, minified, brotli }) => [
          peer,
          version,
          whole(minified),
          whole(brotli),
          (usual.brotli / brotli).toFixed(2),
        ]),
      )}`,
    );
  return {
    json: {
      results: rows,
      peers: others,
      brotli: Object.fromEntries(rows.map(({ entry, brotli }) => [entry, brotli])),
      ratios: Object.fromEntries(
        others.map(({ peer, brotli }) => [`roomful/${peer}`, Number((usual.brotli / brotli).toFixed(2))]),
      ),
    },
    ok: over.length === 0,
  };
}
