// Whether an address could ever work.

/** The whole address of a text or a `URL`, of WebSocket or HTTP, without a fragment; null where no attempt could ever connect there. */
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
