// The HTTP servers on which a realtime server is reached: its own, and those of the app.
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Reach } from '../connection/origins.js';
import { traceOf } from '../observe/log.js';
import { noMeter } from '../ports/meter.js';
import type { ServerPorts } from '../ports/ports.js';
import type { ServerCore } from '../server.js';
import { serveRequests } from './fallback/requests.js';
import { Fallback } from './fallback/serve.js';
import { normalizePath } from './http/attachments.js';
import { answerMonitor } from './http/health.js';
import type { Metrics } from './http/metrics.js';
import type { TrustProxy } from './http/proxies.js';
import { reachOf } from './http/reach.js';
import { serveUpgrades } from './http/upgrade.js';

export interface ListenOptions {
  /**
   * The port; 0 for a free one.
   *
   * @default 0
   */
  readonly port?: number;
  /**
   * The host name or address to listen on.
   *
   * @default all interfaces
   */
  readonly host?: string;
  /**
   * The path of upgrades.
   *
   * @default '/realtime'
   */
  readonly path?: string;
}

export interface Address {
  readonly host: string;
  readonly port: number;
  /** `ws://host:port/path`. */
  readonly url: string;
}

export interface HttpSitesOptions {
  readonly core: ServerCore;
  readonly ports: ServerPorts;
  readonly metrics: Metrics | null;
  readonly addressOf: (request: IncomingMessage) => string;
  readonly trustProxy: TrustProxy | undefined;
  readonly hasFallback: boolean;
}

export interface HttpSites {
  listen(options?: ListenOptions): Promise<Address>;
  attach(server: Server, options?: { readonly path?: string }): () => void;
  close(): Promise<void>;
}

const defaultPath = '/realtime';

function listenOn(http: Server, port: number, host: string | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    http.once('error', reject);
    http.listen({ port, ...(host === undefined ? {} : { host }), backlog: 4_096 }, resolve);
  });
}

function closeHttp(http: Server): Promise<void> {
  return new Promise((resolve) => {
    http.close(() => {
      resolve();
    });
    http.closeAllConnections();
  });
}

function addressAt(http: Server, host: string, path: string): Address {
  const { port } = http.address() as AddressInfo;
  const urlHost = host.includes(':') ? `[${host}]` : host;
  return { host, port, url: `ws://${urlHost}:${port}${path}` };
}

export function createHttpSites(options: HttpSitesOptions): HttpSites {
  const { core, ports, metrics, addressOf, trustProxy, hasFallback } = options;
  const { broker, logger } = core.settings;
  const { setTimer } = ports;
  const stops: (() => void)[] = [];
  const ownServers: Server[] = [];

  const fallbackAt = (path: string, reach: () => Reach): Fallback | null =>
    hasFallback
      ? new Fallback(core, { path, addressOf, reach, meter: metrics?.meter ?? noMeter, ports })
      : null;

  async function listen({
    port = 0,
    host,
    path: askedPath = defaultPath,
  }: ListenOptions = {}): Promise<Address> {
    const path = normalizePath(askedPath);
    await broker.ready?.();
    const http = createServer({ headersTimeout: 10_000, connectionsCheckingInterval: 1_000 });
    const reach = (): Reach => reachOf(http, trustProxy);
    const fallback = fallbackAt(path, reach);
    http.on('request', (request, response) => {
      if (!fallback?.answerRequest(request, response)) answerMonitor(core, metrics, request, response);
    });
    await listenOn(http, port, host);
    stops.push(serveUpgrades(core, http, { path, setTimer, addressOf, reach }), () => {
      fallback?.stop();
    });
    ownServers.push(http);
    core.announce();
    // Redis answers in order: once this answer is here, every other node finds this one.
    await core.cluster().catch((error: unknown) => {
      logger.warn(traceOf(error), 'the other nodes could not be asked');
    });
    return addressAt(http, host ?? 'localhost', path);
  }

  function attach(
    http: Server,
    { path: askedPath = defaultPath }: { readonly path?: string } = {},
  ): () => void {
    const path = normalizePath(askedPath);
    const reach = (): Reach => reachOf(http, trustProxy);
    // No caller waits for this: a store that does not fit is logged.
    Promise.resolve(broker.ready?.()).catch((error: unknown) => {
      logger.error(traceOf(error), 'the broker is not ready');
    });
    const stopUpgrades = serveUpgrades(core, http, { path, setTimer, addressOf, reach });
    const fallback = fallbackAt(path, reach);
    const stopRequests =
      fallback && serveRequests(http, (request, response) => fallback.answerRequest(request, response));
    if (http.listening) core.announce();
    else http.once('listening', core.announce);
    const stop = (): void => {
      http.off('listening', core.announce);
      stopUpgrades();
      stopRequests?.();
      fallback?.stop();
    };
    stops.push(stop);
    return stop;
  }

  return {
    listen,
    attach,
    async close() {
      for (const stop of stops.splice(0)) stop();
      await Promise.all(ownServers.splice(0).map(closeHttp));
    },
  };
}
