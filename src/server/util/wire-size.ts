// An estimate of the bytes that plain data takes on the wire, in the codec that takes more: a list is split
// before it is known which codec its reader speaks.

/**
 * The bytes around a text, or before a list or a map, at most: the quotes of JSON, or a length of
 * MessagePack.
 */
const maxDelimiterBytes = 5;
/** The bytes of a fraction in MessagePack. JSON may take more. */
const floatBytes = 9;

/**
 * The bytes that a text takes beside one for each of its UTF-16 units. JSON writes a control character in six
 * bytes, and UTF-8 writes a unit beyond ASCII in up to three.
 */
function extraBytesOf(text: string): number {
  let extraBytes = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) {
      if (unit < 0x20) extraBytes += 5;
      else if (unit === 0x22 || unit === 0x5c) extraBytes += 1;
    } else if (unit < 0x800) extraBytes += 1;
    else if (unit < 0xd800 || unit > 0xdfff) extraBytes += 2;
    else if (unit < 0xdc00 && (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00) {
      // A surrogate pair has two units, and takes four bytes.
      extraBytes += 2;
      at++;
    }
    // JSON escapes half of a surrogate pair.
    else extraBytes += 5;
  }
  return extraBytes;
}

/** JSON doubles the first character of a text that looks like encoded bytes. */
const markBytesOf = (text: string): number => (text.charCodeAt(0) === 1 ? 6 : 0);

const textSizeOf = (text: string): number =>
  maxDelimiterBytes + text.length + extraBytesOf(text) + markBytesOf(text);

/** At least the bytes that the data takes. */
export function wireSizeOf(data: unknown): number {
  if (typeof data === 'string') return textSizeOf(data);
  if (typeof data === 'number')
    return Number.isSafeInteger(data) ? String(data).length : Math.max(floatBytes, String(data).length);
  if (typeof data !== 'object' || data === null) return maxDelimiterBytes;
  // Base64, after the escaped character that marks it.
  if (data instanceof Uint8Array) return maxDelimiterBytes + 6 + Math.ceil(data.length / 3) * 4;
  let bytes = maxDelimiterBytes;
  if (Array.isArray(data)) for (const item of data) bytes += 1 + wireSizeOf(item);
  else
    for (const key of Object.keys(data))
      bytes += 2 + textSizeOf(key) + wireSizeOf((data as Record<string, unknown>)[key]);
  return bytes;
}
