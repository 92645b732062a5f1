// Names of subprotocols, and the choice of one.

/** The major version of the protocol, which is part of each subprotocol's name. */
export const protocolVersion = 1;

export const subprotocolOf = (codec: string): string => `roomful.v${protocolVersion}.${codec}`;

/** Returns the codec of the first offer that this server supports, or null. */
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
