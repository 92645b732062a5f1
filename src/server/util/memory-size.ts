// An estimate of the memory that plain data takes. A byte on the wire may become fifty in memory.

/**
 * The bytes of an empty object or array, of each key or item in it, and of an empty string, as V8 lays them
 * out on 64 bits.
 */
const containerBytes = 56;
const slotBytes = 16;
const textBytes = 24;

export function memorySizeOf(data: unknown): number {
  if (typeof data === 'string') return textBytes + data.length;
  if (typeof data !== 'object' || data === null) return 0;
  if (data instanceof Uint8Array) return containerBytes + data.length;
  let bytes = containerBytes;
  if (Array.isArray(data)) for (const item of data) bytes += slotBytes + memorySizeOf(item);
  else
    for (const key of Object.keys(data))
      bytes += slotBytes + textBytes + memorySizeOf((data as Record<string, unknown>)[key]);
  return bytes;
}
