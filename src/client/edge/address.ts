// Whether an address could ever work.

/** Whether an attempt could ever connect there: a text or a `URL`, of WebSocket or HTTP, without a fragment. */
export function isAddress(url: unknown): url is string | URL {
  try {
    // A page may leave out its own origin.
    const { protocol, hash } = new URL(url as string, globalThis.location?.href);
    return !!url && (typeof url === 'string' || url instanceof URL) && /^(ws|http)/.test(protocol) && !hash;
  } catch {
    return false;
  }
}
