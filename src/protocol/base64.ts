// Base64 for browsers and Node alike.

/** Characters in one call of `String.fromCharCode`, whose arguments live on the stack. */
const maxArguments = 8_192;

export function toBase64(bytes: Uint8Array): string {
  let text = '';
  // `apply` takes the bytes as they are. A spread would go through an iterator, byte by byte.
  for (let at = 0; at < bytes.length; at += maxArguments)
    text += String.fromCharCode.apply(null, bytes.subarray(at, at + maxArguments) as unknown as number[]);
  return btoa(text);
}

/** Returns the bytes, or null for a text that is not base64. */
export function fromBase64(text: string): Uint8Array | null {
  try {
    const binary = atob(text);
    const bytes = new Uint8Array(binary.length);
    for (let at = 0; at < bytes.length; at++) bytes[at] = binary.charCodeAt(at);
    return bytes;
  } catch {
    return null;
  }
}
