// Starts a server in a process of its own: what kills it kills no test, and what it costs is its cost alone.
import { fork, type ChildProcess } from 'node:child_process';
import { bundle } from '../bundle.mjs';
import type { Cost, ServerAsk, ServerOrders, Talked } from './measured-server.js';

export interface ServerProcess {
  readonly port: number;
  readonly url: string;
  readonly process: ChildProcess;
  /** How it died, if it did, with the end of what it wrote to its standard error. */
  death(): string | null;
  /** Resolves when its event loop has come round. */
  answers(): Promise<boolean>;
  /** Rejects where it died. */
  measure(collect?: boolean): Promise<Cost>;
  talk(orders: Omit<Extract<ServerAsk, { ask: 'talk' }>, 'ask'>): Promise<Talked>;
  stop(): void;
}

/** The program of {@link startServer}. */
export const bundleServer = () => bundle(['test/support/server/measured-server.ts']);

/** @param heap MiB of the old generation */
export async function startServer(program: string, orders: ServerOrders, heap = 256): Promise<ServerProcess> {
  const child = fork(program, [JSON.stringify(orders)], {
    execArgv: [`--max-old-space-size=${heap}`, '--expose-gc'],
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  });
  let death: string | null = null;
  let complaint = '';
  child.stderr?.on('data', (text: Buffer) => {
    complaint = (complaint + text.toString()).slice(-2_000);
  });
  const gone = new Promise<never>((_, reject) => {
    child.once('close', (code, signal) => {
      death = `the server ended with ${signal ?? code}: ${complaint}`;
      reject(new Error(death));
    });
  });
  gone.catch(() => undefined);
  const waiting = new Map<number, (answer: unknown) => void>();
  child.on('message', (message) => {
    const { id, answer } = message as { readonly id: number; readonly answer: unknown };
    waiting.get(id)?.(answer);
    waiting.delete(id);
  });
  let asked = 0;
  const answer = <T>(id: number): Promise<T> =>
    Promise.race([gone, new Promise<T>((resolve) => waiting.set(id, resolve as (answer: unknown) => void))]);
  const request = <T>(ask: ServerAsk): Promise<T> => {
    const id = ++asked;
    // One that has just died is told of by its death.
    if (child.connected) child.send({ id, ask }, () => undefined);
    return answer<T>(id);
  };
  const port = await answer<number>(0);
  return {
    port,
    url: `ws://127.0.0.1:${port}/realtime`,
    process: child,
    death: () => death,
    answers: () => request<boolean>({ ask: 'answer' }),
    measure: (collect = false) => request<Cost>({ ask: 'measure', collect }),
    talk: (talk) => request<Talked>({ ask: 'talk', ...talk }),
    stop() {
      child.kill('SIGKILL');
    },
  };
}
