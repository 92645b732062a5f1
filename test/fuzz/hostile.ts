// The attackers, in a process of their own: makes visits of every class by a seed, many at a time, and reports.
import { classes } from './classes.js';
import { diceOf } from './dice.js';
import { silent } from './silent.js';
import { Gone, visit } from './visitor.js';

export interface HostileOrders {
  readonly port: number;
  readonly frames: number;
  readonly seed: number;
  /** Only classes with this in their name. */
  readonly only: string;
  /** Whether those that only wait are left out. */
  readonly hasty: boolean;
}

export interface ClassReport {
  readonly threat: string;
  readonly name: string;
  visits: number;
  frames: number;
  /** How many visits ended in which way. */
  readonly ends: Record<string, number>;
  /** The longest that an offence took to be answered, where it was answered at once, in ms. */
  slowest: number;
  wrongs: number;
  /** The first of them. */
  readonly wrong: string[];
}

export interface HostileReport {
  readonly classes: readonly ClassReport[];
  /** Why it could not go on, if it could not. */
  readonly gone: string | null;
}

/** Visits at work at once, and those that only wait, at most. */
const busy = 8;
const waiting = 500;

const { port, frames, seed, only, hasty } = JSON.parse(process.argv[2] ?? '{}') as HostileOrders;

async function run(): Promise<HostileReport> {
  const chosen = classes.filter(
    (its) => `${its.threat} ${its.name}`.includes(only) && !(hasty && its === silent),
  );
  const all = chosen.reduce((sum, { share }) => sum + share, 0);
  const work = chosen.map((its) => ({
    its,
    due: (frames * its.share) / all,
    report: {
      threat: its.threat,
      name: its.name,
      visits: 0,
      frames: 0,
      ends: {},
      slowest: 0,
      wrongs: 0,
      wrong: [],
    } as ClassReport,
  }));
  let gone: string | null = null;
  let atWork = 0;
  let parkedNow = 0;
  let wake: () => void = () => undefined;
  const running = new Set<Promise<void>>();
  const order = diceOf(seed, 'order');

  const make = async ({ its, report }: (typeof work)[number], number: number): Promise<void> => {
    const made = its.visit(diceOf(seed, its.name, number), number);
    report.frames += made.attacks.reduce((sum, attack) => sum + attack.frames, 0);
    let parked = false;
    const park = (): void => {
      if (parked) return;
      parked = true;
      atWork--;
      parkedNow++;
      wake();
    };
    try {
      const { end, wrong, took } = await visit(made, port, number, park);
      report.ends[end] = (report.ends[end] ?? 0) + 1;
      if (!parked) report.slowest = Math.max(report.slowest, took);
      report.wrongs += wrong.length;
      if (report.wrong.length < 5)
        report.wrong.push(
          ...wrong.map((what) => `visit ${number}, ${made.stage}, ${made.codec}: ${what.slice(0, 300)}`),
        );
    } catch (error) {
      if (!(error instanceof Gone)) throw error;
      gone = error.message;
    }
    if (parked) parkedNow--;
    else atWork--;
    wake();
  };

  for (;;) {
    const left = work.filter(({ due, its, report }) => report.frames < due || report.visits < its.least);
    if (left.length === 0 || gone !== null) break;
    // What takes longest begins first.
    const next = left[0]?.its === silent ? left[0] : order.pick(left);
    while (atWork >= busy || parkedNow >= waiting)
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    atWork++;
    const made = make(next, next.report.visits++);
    running.add(made);
    void made.finally(() => running.delete(made));
  }
  await Promise.all(running);
  return { classes: work.map(({ report }) => report), gone };
}

process.on('disconnect', () => {
  process.exit();
});
const report = await run();
process.send?.(report);
process.disconnect();
