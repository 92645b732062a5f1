// Base64 that works in browsers and Node alike.

/** Characters handed to `String.fromCharCode` at once: its arguments live on the stack. */
const slice = 8_192;

export function toBase64(bytes: Uint8Array): string {
  let text = '';
  // Not spread: that would go through an iterator, byte by byte.
  for (let at = 0; at < bytes.length; at += slice)
    text += String.fromCharCode.apply(null, bytes.subarray(at, at + slice) as unknown as number[]);
  return btoa(text);
}

/** The bytes, or null where it is no base64. */
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
