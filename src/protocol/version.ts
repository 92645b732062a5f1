// Subprotocol names and the choice among offers.

/** The protocol's major version: it stands in every subprotocol name. */
export const protocolVersion = 1;

export const subprotocolOf = (codec: string): string => `roomful.v${protocolVersion}.${codec}`;

/** The first of the client's offers that this server has a codec for, or null. */
export function chooseCodec<T extends { readonly name: string }>(
  offered: Iterable<string>,
  codecs: readonly T[],
): T | null {
  for (const offer of offered) {
    const codec = codecs.find(({ name }) => subprotocolOf(name) === offer);
    if (codec) return codec;
  }
  return null;
}
