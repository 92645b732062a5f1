// Whether an address could ever work.

/** An address that no attempt can connect to. */
export class WrongAddress extends TypeError {
  override readonly name = 'WrongAddress';
}

const schemes = ['ws:', 'wss:', 'http:', 'https:', 'ws+unix:'];

/** Returns the address as text. Throws a {@link WrongAddress} where no attempt could ever connect to it. */
export function checkAddress(url: unknown): string {
  const wrong = (why: string): WrongAddress =>
    new WrongAddress(
      `url is ${JSON.stringify(url) ?? String(url)}: ${why}, such as wss://example.com/realtime`,
    );
  if (typeof url !== 'string' && !(url instanceof URL)) throw wrong('it has to be an address');
  let parsed: URL;
  try {
    // A page may leave out its own origin.
    parsed = new URL(url, globalThis.location?.href);
  } catch {
    throw wrong('it has to be an absolute address');
  }
  if (url === '' || !schemes.includes(parsed.protocol)) throw wrong('it has to begin with ws:// or wss://');
  if (parsed.hash) throw wrong('it may have no fragment');
  return String(url);
}
