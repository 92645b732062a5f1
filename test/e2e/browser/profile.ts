// With PROFILE set: what the longest stretches of a page's main thread consist of, function by function.
import type { Page } from 'playwright';
import type { Strain } from './page.js';

interface Node {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: number[];
}

interface Profile {
  readonly nodes: readonly Node[];
  /** In µs of a steady clock. */
  readonly startTime: number;
  readonly samples?: number[];
  readonly timeDeltas?: number[];
}

const shown = 14;

const nameOf = ({ callFrame: { functionName, url, lineNumber } }: Node): string =>
  `${functionName || '(anonymous)'}${url ? `:${lineNumber + 1}` : ''}`;

/** Times by function within a stretch, in µs: its own, and with all that it called. */
function timesIn(
  { nodes, startTime, samples = [], timeDeltas = [] }: Profile,
  from: number,
  to: number,
): { readonly own: Map<string, number>; readonly whole: Map<string, number> } {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map(
    nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)),
  );
  const own = new Map<string, number>();
  const whole = new Map<string, number>();
  const add = (times: Map<string, number>, name: string, time: number): void => {
    times.set(name, (times.get(name) ?? 0) + time);
  };
  let at = startTime;
  for (const [index, sample] of samples.entries()) {
    at += timeDeltas[index] ?? 0;
    // A sample stands for the time until the next one.
    const time = timeDeltas[index + 1] ?? 0;
    if (at < from || at > to) continue;
    const names = new Set<string>();
    for (let id: number | undefined = sample; id !== undefined; id = parents.get(id))
      names.add(nameOf(byId.get(id) as Node));
    add(own, nameOf(byId.get(sample) as Node), time);
    for (const name of names) add(whole, name, time);
  }
  return { own, whole };
}

function print(title: string, times: Map<string, number>): void {
  const rows = [...times]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, shown)
    .filter(([, time]) => time >= 500);
  console.log(`  ${title}: ${rows.map(([name, time]) => `${name} ${(time / 1_000).toFixed(1)}`).join(', ')}`);
}

export async function profiled(page: Page, call: () => Promise<Strain>): Promise<Strain> {
  if (!process.env['PROFILE']) return call();
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  await session.send('Profiler.enable');
  await session.send('Profiler.setSamplingInterval', { interval: 200 });
  await session.send('Profiler.start');
  const strain = await call();
  const { profile } = await session.send('Profiler.stop');
  const { metrics } = await session.send('Performance.getMetrics');
  await session.detach();
  const origin = (metrics.find(({ name }) => name === 'NavigationStart')?.value ?? 0) * 1_000_000;
  for (const [from, to] of strain.gaps) {
    console.log(`${(to - from).toFixed(0)} ms, from ${from.toFixed(0)} to ${to.toFixed(0)} ms of the page:`);
    const { own, whole } = timesIn(profile, origin + from * 1_000, origin + to * 1_000);
    print('own', own);
    print('whole', whole);
  }
  return strain;
}
