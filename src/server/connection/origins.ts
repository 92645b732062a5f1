// Which pages may connect, by the origin that their browser states: compared as it is written, and no other way, since what has to be parsed can be misread.

/** Whether this is an origin as a browser writes it. */
export function isOrigin(text: string): boolean {
  try {
    // Schemes of apps, such as capacitor://localhost, have an opaque origin in URL's eyes: there the text decides.
    const { origin, protocol, host, href } = new URL(text);
    return text === origin || (origin === 'null' && text === `${protocol}//${host}` && href.startsWith(text));
  } catch {
    return false;
  }
}

/** Names and addresses of the machine itself. A name of somebody else's may lead to them as well. */
const isLoopbackName = (name: string): boolean =>
  name === 'localhost' ||
  name.endsWith('.localhost') ||
  name === '[::1]' ||
  /^127(?:\.\d{1,3}){3}$/.test(name);

/** The name in a host or in an origin, without its port. */
const hostNameIn = (text: string): string =>
  text
    .toLowerCase()
    .replace(/^https?:\/\//, '')
    .replace(/:\d+$/, '');

/** How a server may be reached, where `origins` does not say who may connect. */
export interface Reach {
  /** Whether it listens on a loopback address, and no proxy is in front of it. */
  readonly isLocal: boolean;
  /** Whether it serves people, and not somebody who develops an app. */
  readonly isProduction: boolean;
}

/** A server that others reach. */
export const reachableByAll: Reach = { isLocal: false, isProduction: true };

/**
 * `listed`: who may, or null for the server's own pages and for what is no browser. A local server takes only
 * pages that name it by a loopback name, since the page of anybody can have its own name lead here
 * (DNS rebinding); outside production it takes local pages of every port, as development servers have.
 */
export function mayConnect(
  listed: readonly string[] | null,
  origin: string | null,
  host: string | null,
  { isLocal, isProduction }: Reach = reachableByAll,
): boolean {
  if (listed) return origin !== null && listed.includes(origin);
  if (origin === null) return true;
  const own = host?.toLowerCase() ?? '';
  const isOwn = origin === `https://${own}` || origin === `http://${own}`;
  if (!isLocal) return isOwn;
  if (!isLoopbackName(hostNameIn(own))) return false;
  return (
    isOwn ||
    (!isProduction && isOrigin(origin) && /^https?:/.test(origin) && isLoopbackName(hostNameIn(origin)))
  );
}
