// A TCP proxy that misbehaves on request: delays, stalls, resets. The kernel's own tools for it are not everywhere.
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface FaultProxy {
  readonly port: number;
  target: number;
  delay: number;
  /** Accepts bytes and forwards none: both ends think the link is up. */
  blackhole: boolean;
  /** Refuses new connections by a reset. */
  refuse: boolean;
  readonly connections: number;
  /** How many were ever accepted. */
  readonly accepted: number;
  reset(): void;
  close(): Promise<void>;
}

export async function startFaultProxy(target: number): Promise<FaultProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  let accepted = 0;
  const server = createServer((down) => {
    if (proxy.refuse) {
      down.resetAndDestroy();
      return;
    }
    accepted++;
    const up = connect(proxy.target, '127.0.0.1');
    const pair = [down, up] as const;
    pairs.add(pair);
    const drop = (): void => {
      pairs.delete(pair);
      down.destroy();
      up.destroy();
    };
    const directions = [[down, up], [up, down]] as const;
    for (const [from, to] of directions) {
      from.on('data', (chunk: Buffer) => {
        if (proxy.blackhole) return;
        if (proxy.delay === 0) to.write(chunk);
        else setTimeout(() => { if (!to.destroyed && !proxy.blackhole) to.write(chunk); }, proxy.delay);
      });
      from.on('error', drop);
      from.on('close', () => { if (!proxy.blackhole) drop(); });
    }
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const proxy: FaultProxy = {
    port: (server.address() as AddressInfo).port,
    target,
    delay: 0,
    blackhole: false,
    refuse: false,
    get connections() { return pairs.size; },
    get accepted() { return accepted; },
    reset() {
      for (const [down, up] of pairs) {
        down.resetAndDestroy();
        up.resetAndDestroy();
      }
      pairs.clear();
    },
    close() {
      for (const [down, up] of pairs) {
        down.destroy();
        up.destroy();
      }
      return new Promise((resolve) => { server.close(() => { resolve(); }); });
    },
  };
  return proxy;
}
