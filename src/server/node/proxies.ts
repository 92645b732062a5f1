// Where a request comes from, with proxies in between.
import type { IncomingMessage } from 'node:http';
import proxyAddr from 'proxy-addr';

/** How many proxies there are, or who they are: addresses, subnets such as `10.0.0.0/8`, or `loopback`, `linklocal`, `uniquelocal`. */
export type TrustProxy = number | readonly string[];

/**
 * Gives the address of a request. Without proxies it is the socket's; `X-Forwarded-For` is believed from its end, for as long as a proxy that is trusted wrote it.
 *
 * @throws TypeError where an address is none.
 */
export function addressing(trust: TrustProxy | undefined): (request: IncomingMessage) => string {
  if (trust === undefined || trust === 0) return ({ socket }) => socket.remoteAddress ?? '';
  if (typeof trust === 'number') {
    if (!Number.isSafeInteger(trust) || trust < 0) throw new TypeError('trustProxy must be a whole number of proxies, or a list of their addresses');
    return (request) => proxyAddr(request, (_address, index) => index < trust) || (request.socket.remoteAddress ?? '');
  }
  const known = proxyAddr.compile([...trust]);
  return (request) => proxyAddr(request, known) || (request.socket.remoteAddress ?? '');
}
