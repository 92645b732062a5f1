// A user of a scenario whose link goes through a proxy of its own, and breaks on request.
import { WebSocket } from 'ws';
import { createClient, type Client, type ClientOptions, type Codec } from '../../../src/client/index.js';
import type { FaultProxy } from '../network/fault-proxy.js';
import { quick, type HarnessUser } from './harness.js';

interface Proxied {
  readonly id: string;
  readonly codec: Codec;
  readonly proxy: Promise<FaultProxy>;
  /** Where the next attempt goes, where it does not go where the last one went. */
  readonly target?: () => number;
  readonly options: Partial<ClientOptions> | undefined;
}

export function proxiedUser({ id, codec, proxy: started, target, options }: Proxied): HarnessUser {
  let proxy: FaultProxy | null = null;
  void started.then((it) => {
    proxy = it;
  });
  const client: Client = createClient({
    url: async () => {
      const mine = await started;
      if (target) mine.target = target();
      return `ws://127.0.0.1:${mine.port}/realtime`;
    },
    token: id,
    codecs: [codec],
    WebSocket,
    ...quick,
    ...options,
  });
  client.connect();
  return {
    client,
    cut() {
      if (!proxy) return;
      proxy.refuse = true;
      proxy.reset();
    },
    restore() {
      if (proxy) proxy.refuse = false;
    },
    drop: () => proxy?.reset(),
  };
}
