// One kind in a page of its own: hears 10,000 messages in bursts, and says how long it was busy with them and whether it shows the last of each.
import { answerParent } from '../support/child.mjs';
import { counts, frame, task } from './page.mjs';

const [, , consumer, components] = process.argv;
const { consume } = await import(`./consumers/${consumer}.mjs`);
const count = Number(components);

/** As many messages as there are, dealt over the entities by a number that shares no factor with theirs. */
function burstsOf(messages, bursts) {
  const all = Array.from({ length: messages }, (_, n) => ({
    id: (n * 7_919) % Math.max(1, count),
    value: n + 1,
  }));
  const each = Math.ceil(messages / bursts);
  return Array.from({ length: bursts }, (_, at) => all.slice(at * each, (at + 1) * each)).filter(
    (burst) => burst.length > 0,
  );
}

async function once({ messages, bursts }) {
  const page = await consume(count);
  const said = burstsOf(messages, bursts);
  const written = said.map(page.burst);
  Object.assign(counts, { commits: 0, renders: 0 });
  let busy = 0;
  let most = 0;
  for (const burst of written) {
    const before = counts.commits;
    const began = performance.now();
    page.hear(burst);
    frame();
    await task();
    await task();
    busy += performance.now() - began;
    most = Math.max(most, counts.commits - before);
  }
  const last = Array.from({ length: count }, () => 0);
  for (const { id, value } of said.flat()) last[id] = value;
  const shown = page.shown();
  const dropped = page.heard
    ? messages - page.heard()
    : last.filter((value, id) => shown[id] !== value).length;
  const { renders } = counts;
  page.unmount();
  await task();
  return { busy, dropped, renders, commits: most };
}

answerParent('ready', async (load) => {
  // The first makes the engine compile what it needs.
  for (let turn = 0; turn < load.warm; turn++) await once(load);
  globalThis.gc?.();
  return once(load);
});
