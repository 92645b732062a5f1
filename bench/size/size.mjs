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
    const base = weights.get(beyond) ?? { minified: 0, brotli: 0, connected: 0 };
    weights.set(entry, {
      entry,
      text,
      beyond: beyond ?? null,
      minified: all.minified - base.minified,
      brotli: all.brotli - base.brotli,
      connected: all.connected - base.connected,
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
    `bytes of brotli (quality 11), bundled and minified by Vite ${viteVersion} with zustand and partysocket, ES2022; React external; what is fetched later is compressed apart; what Vite adds for loading ahead left out\n`,
  );
  console.log(
    table(
      ['entry', 'before the first paint', 'limit', 'aim', 'once connected', 'limit', 'over HTTP more'],
      rows.map(({ entry, beyond, brotli, connected, limit, aim, later }) => [
        beyond ? `+ ${entry}` : entry,
        whole(brotli),
        whole(limit.first),
        aim === null ? '' : whole(aim),
        whole(connected),
        whole(limit.connected),
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

  const figures = rows.flatMap(({ entry, brotli, connected, limit }) => [
    { what: `'${entry}' before the first paint`, bytes: brotli, most: limit.first },
    { what: `'${entry}' once connected`, bytes: connected, most: limit.connected },
  ]);
  const over = check ? figures.filter(({ bytes, most }) => !(bytes <= most)) : [];
  for (const { what, bytes, most } of over)
    console.error(
      `\n${what} weighs ${whole(bytes)} bytes, ${whole(bytes - most)} more than it may: make it smaller, or raise bench/size/limits.json and say why.`,
    );
  if (check && over.length === 0) console.log('\nWithin the limits.');

  const others = check ? [] : (installPackages(), await weighPeers());
  const usual = rows.find(({ entry }) => entry === 'usual');
  if (others.length)
    console.log(
      `\nOthers, a few lines each that connect, join and hear\n\n${table(
        ['', 'version', 'minified', 'brotli', "'usual', connected / this"],
        others.map(({ peer, version, minified, brotli }) => [
          peer,
          version,
          whole(minified),
          whole(brotli),
          (usual.connected / brotli).toFixed(2),
        ]),
      )}`,
    );
  return {
    json: {
      results: rows,
      peers: others,
      brotli: Object.fromEntries(rows.map(({ entry, brotli }) => [entry, brotli])),
      connected: Object.fromEntries(rows.map(({ entry, connected }) => [entry, connected])),
      ratios: Object.fromEntries(
        others.map(({ peer, brotli }) => [`roomful/${peer}`, Number((usual.connected / brotli).toFixed(2))]),
      ),
    },
    ok: over.length === 0,
  };
}
