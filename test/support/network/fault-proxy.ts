// A TCP proxy that misbehaves on request: delays, splits, stalls, resets. The kernel's own tools for it are not everywhere.
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface FaultProxy {
  readonly port: number;
  target: number;
  /** In ms, each way. */
  delay: number;
  /** Whether what arrives in one piece goes on in several. */
  split: boolean;
  /** Accepts bytes and forwards none: both ends think the link is up. */
  blackhole: boolean;
  /** Refuses new connections by a reset. */
  refuse: boolean;
  readonly connections: number;
  /** How many were ever accepted. */
  readonly accepted: number;
  reset(): void;
  /** Resets one connection, by its number from 0; which has what number changes. Whether there was one. */
  resetOne(index: number): boolean;
  /** Forwards nothing of one connection any more, in one direction or both: each end believes the other is there. */
  stallOne(index: number, direction: 'up' | 'down' | 'both'): void;
  close(): Promise<void>;
}

interface Pair {
  readonly down: Socket;
  readonly up: Socket;
  stalled: { up: boolean; down: boolean };
}

export async function startFaultProxy(target: number): Promise<FaultProxy> {
  const pairs = new Set<Pair>();
  let accepted = 0;

  /** Forwards in order, each piece after its delay: as in TCP, none overtakes another, whatever the delay becomes meanwhile. */
  const forward = (pair: Pair, direction: 'up' | 'down'): void => {
    const [from, to] = direction === 'up' ? [pair.down, pair.up] : [pair.up, pair.down];
    const waiting: Buffer[] = [];
    const write = (piece: Buffer): void => {
      if (!to.destroyed && !proxy.blackhole && !pair.stalled[direction]) to.write(piece);
    };
    const next = (): void => {
      const piece = waiting.shift();
      if (piece) write(piece);
    };
    from.on('data', (chunk: Buffer) => {
      const cut =
        proxy.split && chunk.length > 1 ? 1 + Math.floor(Math.random() * (chunk.length - 1)) : chunk.length;
      for (const piece of [chunk.subarray(0, cut), chunk.subarray(cut)]) {
        if (piece.length === 0) continue;
        if (proxy.delay === 0 && cut === chunk.length && waiting.length === 0) {
          write(piece);
          continue;
        }
        waiting.push(piece);
        if (proxy.delay > 0) setTimeout(next, proxy.delay);
        else setImmediate(next);
      }
    });
  };

  const server = createServer((down) => {
    if (proxy.refuse) {
      down.resetAndDestroy();
      return;
    }
    accepted++;
    const up = connect(proxy.target, '127.0.0.1');
    const pair: Pair = { down, up, stalled: { up: false, down: false } };
    pairs.add(pair);
    const drop = (): void => {
      pairs.delete(pair);
      down.destroy();
      up.destroy();
    };
    forward(pair, 'up');
    forward(pair, 'down');
    for (const socket of [down, up]) {
      socket.on('error', drop);
      socket.on('close', () => {
        if (!proxy.blackhole) drop();
      });
    }
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });

  const breakDown = ({ down, up }: Pair): void => {
    down.resetAndDestroy();
    up.resetAndDestroy();
  };
  const proxy: FaultProxy = {
    port: (server.address() as AddressInfo).port,
    target,
    delay: 0,
    split: false,
    blackhole: false,
    refuse: false,
    get connections() {
      return pairs.size;
    },
    get accepted() {
      return accepted;
    },
    reset() {
      for (const pair of pairs) breakDown(pair);
      pairs.clear();
    },
    resetOne(index) {
      const pair = [...pairs][index];
      if (!pair) return false;
      pairs.delete(pair);
      breakDown(pair);
      return true;
    },
    stallOne(index, direction) {
      const pair = [...pairs][index];
      if (!pair) return;
      if (direction !== 'down') pair.stalled.up = true;
      if (direction !== 'up') pair.stalled.down = true;
    },
    close() {
      for (const { down, up } of pairs) {
        down.destroy();
        up.destroy();
      }
      return new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
      });
    },
  };
  return proxy;
}
