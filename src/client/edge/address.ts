// Whether an address could ever work.

/**
 * The whole address that a text or a `URL` gives. Null where no attempt could ever connect: the address has another
 * scheme than those of WebSocket and HTTP, or a fragment.
 */
export function addressOf(url: unknown): string | null {
  try {
    // A page may leave out its own origin.
    const { protocol, hash, href } = new URL(url as string, globalThis.location?.href);
    const isGiven = !!url && (typeof url === 'string' || url instanceof URL);
    return isGiven && /^(ws|http)/.test(protocol) && !hash ? href : null;
  } catch {
    return null;
  }
}
