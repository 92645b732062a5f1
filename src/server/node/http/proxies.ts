// Where a request comes from, with proxies in between.
import type { IncomingMessage } from 'node:http';
import proxyAddr from 'proxy-addr';

/** How many proxies there are, or who they are: addresses, subnets such as `10.0.0.0/8`, or `loopback`, `linklocal`, `uniquelocal`. */
export type TrustProxy = number | readonly string[];

/** An address without the port that some proxies write behind it: with it, each connection would come from an address of its own. */
const withoutPort = (address: string): string =>
  /^\[([^\]]*)\](?::\d+)?$/.exec(address)?.[1] ?? /^([\d.]+):\d+$/.exec(address)?.[1] ?? address;

/** The request as proxies that write no ports would have passed it on. */
function withoutPorts(request: IncomingMessage): IncomingMessage {
  const { 'x-forwarded-for': forwarded, ...headers } = request.headers;
  if (forwarded === undefined) return request;
  const addresses = String(forwarded)
    .split(',')
    .map((address) => withoutPort(address.trim()));
  return Object.create(request, {
    headers: { value: { ...headers, 'x-forwarded-for': addresses.join(', ') } },
  }) as IncomingMessage;
}

/**
 * Gives the address of a request. Without proxies it is the socket's; `X-Forwarded-For` is believed from its end, for as long as a proxy that is trusted wrote it.
 *
 * @throws TypeError where an address is none.
 */
export function createAddressOf(trust: TrustProxy | undefined): (request: IncomingMessage) => string {
  if (trust === undefined || trust === 0) return ({ socket }) => socket.remoteAddress ?? '';
  if (typeof trust === 'number' && (!Number.isSafeInteger(trust) || trust < 0))
    throw new TypeError('trustProxy must be a whole number of proxies, or a list of their addresses');
  const isTrusted =
    typeof trust === 'number'
      ? (_address: string, index: number) => index < trust
      : proxyAddr.compile([...trust]);
  return (request) => proxyAddr(withoutPorts(request), isTrusted) || (request.socket.remoteAddress ?? '');
}
