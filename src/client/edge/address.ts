// Reads the address of a server, and finds out if it can work.

/**
 * Returns the whole address for a text or a `URL`. Returns null if no attempt can ever connect: the scheme is neither
 * that of WebSocket nor of HTTP, or there is a fragment.
 */
export function addressOf(url: unknown): string | null {
  try {
    // An address without an origin is one of the page's own origin.
    const { protocol, hash, href } = new URL(url as string, globalThis.location?.href);
    const isGiven = !!url && (typeof url === 'string' || url instanceof URL);
    return isGiven && /^(ws|http)/.test(protocol) && !hash ? href : null;
  } catch {
    return null;
  }
}
