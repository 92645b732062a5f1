// The address of a client behind proxies.
import type { IncomingMessage } from 'node:http';
import proxyAddr from 'proxy-addr';

/**
 * The number of proxies, or their addresses: single ones, subnets such as `10.0.0.0/8`, or `loopback`,
 * `linklocal`, `uniquelocal`.
 */
export type TrustProxy = number | readonly string[];

/**
 * An address without the port that some proxies write behind it. With the port, each connection would have an
 * address of its own.
 */
const withoutPort = (address: string): string =>
  /^\[([^\]]*)\](?::\d+)?$/.exec(address)?.[1] ?? /^([\d.]+):\d+$/.exec(address)?.[1] ?? address;

/** The request as if its proxies wrote no ports. */
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
 * Makes a function that finds the client address of a request. Without proxies it is the address of the
 * socket. With proxies, `X-Forwarded-For` is read from its end, for as long as trusted proxies wrote it.
 *
 * @throws TypeError if an address is none.
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
