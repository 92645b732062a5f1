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

export class HttpSites {
  private readonly options: HttpSitesOptions;
  private readonly stops: (() => void)[] = [];
  private readonly ownServers: Server[] = [];

  constructor(options: HttpSitesOptions) {
    this.options = options;
  }

  async listen({ port = 0, host, path = defaultPath }: ListenOptions = {}): Promise<Address> {
    const { core, metrics } = this.options;
    const { broker, logger } = core.settings;
    const servedPath = normalizePath(path);
    await broker.ready?.();
    const http = createServer({ headersTimeout: 10_000, connectionsCheckingInterval: 1_000 });
    const fallback = this.fallbackAt(http, servedPath);
    http.on('request', (request, response) => {
      if (!fallback?.answerRequest(request, response)) answerMonitor(core, metrics, request, response);
    });
    await listenOn(http, port, host);
    this.stops.push(this.serveUpgradesOf(http, servedPath), () => {
      fallback?.stop();
    });
    this.ownServers.push(http);
    core.announce();
    // Redis answers in order: once this answer is here, every other node finds this one.
    await core.cluster().catch((error: unknown) => {
      logger.warn(traceOf(error), 'the other nodes could not be asked');
    });
    return addressAt(http, host ?? 'localhost', servedPath);
  }

  attach(http: Server, { path = defaultPath }: { readonly path?: string } = {}): () => void {
    const { core } = this.options;
    const { broker, logger } = core.settings;
    const servedPath = normalizePath(path);
    // No caller waits for this: a store that does not fit is logged.
    Promise.resolve(broker.ready?.()).catch((error: unknown) => {
      logger.error(traceOf(error), 'the broker is not ready');
    });
    const stopUpgrades = this.serveUpgradesOf(http, servedPath);
    const fallback = this.fallbackAt(http, servedPath);
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
    this.stops.push(stop);
    return stop;
  }

  async close(): Promise<void> {
    for (const stop of this.stops.splice(0)) stop();
    await Promise.all(this.ownServers.splice(0).map(closeHttp));
  }

  private reachOf(http: Server): Reach {
    return reachOf(http, this.options.trustProxy);
  }

  private serveUpgradesOf(http: Server, path: string): () => void {
    const { core, ports, addressOf } = this.options;
    const reach = (): Reach => this.reachOf(http);
    return serveUpgrades(core, http, { path, setTimer: ports.setTimer, addressOf, reach });
  }

  private fallbackAt(http: Server, path: string): Fallback | null {
    const { core, ports, metrics, addressOf, hasFallback } = this.options;
    if (!hasFallback) return null;
    const meter = metrics?.meter ?? noMeter;
    return new Fallback(core, { path, addressOf, reach: () => this.reachOf(http), meter, ports });
  }
}
