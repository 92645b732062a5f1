// One run: a server, good clients, and attackers, each in a process of its own; then clients and a server that attacks them. Says what was broken.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Cost } from '../support/server/measured-server.js';
import { startServer, type ServerProcess } from '../support/server/server-process.js';
import { pit } from './attack.js';
import { floodRate } from './floods.js';
import type { GoodAsk, GoodOrders, GoodReport } from './good.js';
import type { ClassReport, HostileOrders, HostileReport } from './hostile.js';
import type { RogueOrders, RogueReport } from './rogue.js';
import type { VictimAsk, VictimOrders, VictimReport } from './victim.js';

export interface FuzzOptions {
  readonly frames: number;
  readonly seed: number;
  /** Only classes of attack with this in their name. */
  readonly only: string;
  readonly programs: {
    readonly server: string;
    readonly good: string;
    readonly hostile: string;
    readonly rogue: string;
    readonly victim: string;
  };
}

export interface FuzzResult {
  readonly classes: readonly ClassReport[];
  readonly good: {
    readonly before: GoodReport;
    readonly during: GoodReport;
    readonly after: GoodReport;
    readonly witnessed: GoodReport;
  } | null;
  readonly server: { readonly before: Cost; readonly during: Cost; readonly after: Cost } | null;
  readonly client: {
    readonly rogue: RogueReport;
    readonly before: VictimReport;
    readonly after: VictimReport;
  } | null;
  readonly seconds: number;
  /** What a run must not show. */
  readonly violations: readonly string[];
}

const MiB = 2 ** 20;
const goodClients = 20;
const witnesses = 4;
/** Bytes that may be left behind. */
const mayGrow = 40 * MiB;

/** How much of the server's CPU may go by in one turn of its event loop, in ms: what others have to wait, on a machine of its own. */
const mostTurnMs = 250;
/** How long a process that got stuck is waited for, in ms. */
const stuckAfterMs = 60_000;

const later = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

interface Child {
  readonly process: ChildProcess;
  /** The next message. Rejects where the process ends first. */
  next<T>(ask?: unknown): Promise<T>;
}

function start(program: string, orders: unknown, args: readonly string[] = []): Child {
  const child = fork(program, [JSON.stringify(orders)], {
    execArgv: [...args],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  return {
    process: child,
    async next<T>(ask?: unknown) {
      if (ask !== undefined) child.send(ask as string);
      const first = await Promise.race([
        once(child, 'message'),
        once(child, 'exit').then(
          ([code, signal]: unknown[]) => new Error(`${program} ended with ${String(signal ?? code)}`),
        ),
      ]);
      if (first instanceof Error) throw first;
      return first[0] as T;
    },
  };
}

/** Resolves once the server has no connections but those of the good, or five seconds later. */
async function emptied(server: ServerProcess): Promise<void> {
  for (let looks = 0; looks < 50 && (await server.measure()).connections > goodClients + witnesses; looks++)
    await later(100);
}

/** Rejects once a server has not answered for so long. Its process may be busy for ever, where it does not end. */
function watched(server: ServerProcess): { readonly stuck: Promise<never>; readonly stop: () => void } {
  let going = true;
  const look = async (): Promise<never> => {
    while (going) {
      const timer = later(stuckAfterMs).then(() => null);
      if ((await Promise.race([server.answers(), timer])) === null && going)
        throw new Error(`the server did nothing for ${stuckAfterMs / 1_000} s`);
      await later(500);
    }
    return new Promise(() => undefined);
  };
  const stuck = look();
  stuck.catch(() => undefined);
  return {
    stuck,
    stop: () => {
      going = false;
    },
  };
}

type ServerSide = Pick<FuzzResult, 'classes' | 'good' | 'server'>;

async function attackServer(
  { frames, seed, only, programs }: FuzzOptions,
  violations: string[],
): Promise<ServerSide> {
  const server = await startServer(programs.server, {
    // A short log in the attackers' room: what one costs in memory is a question of its own.
    rooms: {
      chat: { history: 100 },
      'chat-of-witnesses': { history: 100 },
      [pit]: { presence: true, history: 4 },
      'spare/:number': { history: 10 },
    },
    options: {
      heartbeat: { interval: 3_000, timeout: 3_000 },
      presenceGrace: 500,
      limits: { rate: floodRate },
    },
  });
  const { url } = server;
  const good = start(programs.good, {
    url,
    room: 'chat',
    clients: goodClients,
    rate: 10,
    witnesses: false,
  } satisfies GoodOrders);
  // In a process of their own: what they have to read delays nobody else's clocks.
  const witness = start(programs.good, {
    url,
    room: 'chat-of-witnesses',
    clients: witnesses,
    rate: 2,
    witnesses: true,
  } satisfies GoodOrders);
  const goodly = (ask: GoodAsk): Promise<GoodReport> => good.next<GoodReport>(ask);
  const children = [good.process, witness.process];
  const attack = (some: number, its: number, hasty: boolean): Promise<HostileReport> => {
    const hostile = start(programs.hostile, {
      port: server.port,
      frames: some,
      seed: its,
      only,
      hasty,
    } satisfies HostileOrders);
    children.push(hostile.process);
    const watch = watched(server);
    return Promise.race([hostile.next<HostileReport>(), watch.stuck]).finally(watch.stop);
  };
  let classes: readonly ClassReport[] = [];
  try {
    await Promise.all([good.next(), witness.next()]);
    // What a process needs once it is at work is no growth: it is attacked a little before it is looked at.
    await attack(Math.max(500, frames / 20), seed + 1, true);
    await emptied(server);
    await goodly('lap');
    await later(frames > 10_000 ? 5_000 : 2_000);
    const calm = await goodly('lap');
    const before = await server.measure(true);
    await goodly('lap');
    const report = await attack(frames, seed, false);
    ({ classes } = report);
    if (report.gone !== null) violations.push(report.gone);
    const attacked = await goodly('lap');
    const during = await server.measure();
    await emptied(server);
    const [end, witnessed] = await Promise.all([
      goodly('end'),
      witness.next<GoodReport>('end' satisfies GoodAsk),
    ]);
    await later(1_000);
    const after = await server.measure(true);

    for (const { threat, name, wrongs, wrong } of classes)
      if (wrongs > 0)
        violations.push(`${threat} ${name}: ${wrongs} visits went wrong:\n    ${wrong.join('\n    ')}`);
    for (const what of [...end.wrong, ...witnessed.wrong]) violations.push(what);
    if (end.said < goodClients * 10) violations.push(`the good clients said only ${end.said} messages`);
    if (during.turn > mostTurnMs)
      violations.push(`one turn of the server took ${during.turn.toFixed(0)} ms of CPU`);
    if (after.heap - before.heap > mayGrow)
      violations.push(`the heap grew by ${((after.heap - before.heap) / MiB).toFixed(1)} MiB`);
    if (after.rss - before.rss > mayGrow)
      violations.push(`the process grew by ${((after.rss - before.rss) / MiB).toFixed(1)} MiB`);
    if (after.connections !== goodClients + witnesses)
      violations.push(`${after.connections} connections are left, ${goodClients + witnesses} of them good`);
    if (after.failed > 0)
      violations.push(
        `the server logged ${after.failed} errors of its own:\n    ${after.lines.join('\n    ')}`,
      );
    if (!after.intact) violations.push("the prototype of the server's objects has changed");
    return {
      classes,
      good: { before: calm, during: attacked, after: end, witnessed },
      server: { before, during, after },
    };
  } catch (error) {
    // Whatever went wrong here went wrong because of that.
    violations.push(server.death() ?? String(error));
    return { classes, good: null, server: null };
  } finally {
    for (const child of children) child.kill('SIGKILL');
    server.stop();
  }
}

/** Rejects where a client, or who attacks it, is stuck. */
async function inTime<T>(promise: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`the clients under fire got nowhere within ${ms / 1_000} s`));
    }, ms);
  });
  return Promise.race([promise, late]).finally(() => {
    clearTimeout(timer);
  });
}

async function attackClient(
  { frames, seed, programs }: FuzzOptions,
  violations: string[],
): Promise<FuzzResult['client']> {
  const rogue = start(programs.rogue, { bombs: Math.ceil(frames / 10), seed } satisfies RogueOrders);
  const children = [rogue.process];
  try {
    const { port } = await rogue.next<{ readonly port: number }>();
    const finished = rogue.next<RogueReport>();
    const victim = start(programs.victim, { url: `ws://127.0.0.1:${port}/realtime` } satisfies VictimOrders, [
      '--max-old-space-size=256',
      '--expose-gc',
    ]);
    children.push(victim.process);
    const ask = (what: VictimAsk): Promise<VictimReport> => victim.next<VictimReport>(what);
    const before = await ask('lap');
    const report = await inTime(finished, Math.max(stuckAfterMs, frames * 10));
    const after = await inTime(ask('end'), stuckAfterMs);
    if (report.wrongs > 0)
      violations.push(`${report.wrongs} bombs at a client went wrong:\n    ${report.wrong.join('\n    ')}`);
    for (const what of after.wrong) violations.push(what);
    if (after.reported < after.stopped)
      violations.push(
        `of ${after.stopped} connections that a client gave up for what it heard, it reported ${after.reported}`,
      );
    if (after.heap - before.heap > mayGrow)
      violations.push(`the clients' heap grew by ${((after.heap - before.heap) / MiB).toFixed(1)} MiB`);
    return { rogue: report, before, after };
  } catch (error) {
    violations.push(String(error));
    return null;
  } finally {
    for (const child of children) child.kill('SIGKILL');
  }
}

export async function fuzz(options: FuzzOptions): Promise<FuzzResult> {
  const begun = performance.now();
  const violations: string[] = [];
  const side = await attackServer(options, violations);
  const client = await attackClient(options, violations);
  return { ...side, client, seconds: (performance.now() - begun) / 1_000, violations };
}
