// The pages that may connect, by the origin that their browser states. Origins are compared as they are
// written: parsing could misread them.

/** Whether a text is an origin as a browser writes it. */
export function isOrigin(text: string): boolean {
  try {
    // `URL` finds the origin of an app's scheme opaque, such as capacitor://localhost. The text decides then.
    const { origin, protocol, host, href } = new URL(text);
    return text === origin || (origin === 'null' && text === `${protocol}//${host}` && href.startsWith(text));
  } catch {
    return false;
  }
}

/** Names and addresses of this machine. Another name may lead to it as well. */
const isLoopbackName = (name: string): boolean =>
  name === 'localhost' ||
  name.endsWith('.localhost') ||
  name === '[::1]' ||
  /^127(?:\.\d{1,3}){3}$/.test(name);

/** The host name in a host or an origin, without its port. */
const hostNameIn = (text: string): string =>
  text
    .toLowerCase()
    .replace(/^https?:\/\//, '')
    .replace(/:\d+$/, '');

/** How clients reach a server that has no list of origins. */
export interface Reach {
  /** Whether it listens on a loopback address, with no proxy in front of it. */
  readonly isLocal: boolean;
  /** Whether it runs in production, and not for the developer of an app. */
  readonly isProduction: boolean;
}

/** A server that any machine can reach. */
export const reachableByAll: Reach = { isLocal: false, isProduction: true };

/**
 * Whether a page of an origin may connect.
 *
 * `listed`: the origins that may connect; null for the server's own pages and for clients that are no
 * browser.
 *
 * Without a list, a local server takes only pages that name it by a loopback name: any page could make its
 * own name lead here (DNS rebinding). Outside production it takes local pages of every port, for the sake of
 * development servers.
 */
export function mayConnect(
  listed: readonly string[] | null,
  origin: string | null,
  host: string | null,
  { isLocal, isProduction }: Reach = reachableByAll,
): boolean {
  if (listed) return origin !== null && listed.includes(origin);
  if (origin === null) return true;
  const ownHost = host?.toLowerCase() ?? '';
  const isOwn = origin === `https://${ownHost}` || origin === `http://${ownHost}`;
  if (!isLocal) return isOwn;
  if (!isLoopbackName(hostNameIn(ownHost))) return false;
  return (
    isOwn ||
    (!isProduction && isOrigin(origin) && /^https?:/.test(origin) && isLoopbackName(hostNameIn(origin)))
  );
}
