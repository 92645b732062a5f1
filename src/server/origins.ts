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

/** `listed`: who may, or null for the server's own pages and for what is no browser. */
export function mayConnect(
  listed: readonly string[] | null,
  origin: string | null,
  host: string | null,
): boolean {
  if (listed) return origin !== null && listed.includes(origin);
  const own = host?.toLowerCase() ?? '';
  return origin === null || origin === `https://${own}` || origin === `http://${own}`;
}
