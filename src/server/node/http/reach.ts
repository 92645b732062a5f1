// How clients reach an HTTP server: whether it listens for this machine alone.
import type { Server } from 'node:http';
import type { Reach } from '../../connection/origins.js';
import type { RequestInfo } from '../../ports/ports.js';
import type { TrustProxy } from './proxies.js';

const isProduction = (): boolean => process.env['NODE_ENV'] === 'production';
const isLoopback = (address: string): boolean => /^(?:127\.|::1$|::ffff:127\.)/.test(address);

/**
 * @param trustProxy The option of the server. Behind a proxy, pages of every host name come from a local
 * address.
 */
export function reachOf(http: Server, trustProxy: TrustProxy | undefined): Reach {
  const address = http.address();
  const isBehindProxy = trustProxy !== undefined && trustProxy !== 0;
  return {
    isLocal: !isBehindProxy && address !== null && typeof address !== 'string' && isLoopback(address.address),
    isProduction: isProduction(),
  };
}

/** Whether a client may be told why the app's code failed: on this machine, and outside production. */
export const mayExplainFailure = ({ address }: RequestInfo): boolean =>
  !isProduction() && isLoopback(address);
