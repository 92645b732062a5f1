// What plain data costs in memory, about: a byte on the wire may become fifty here.

/** Of an object or array by itself, of each of its keys or items, and of a string beside its characters: as V8 lays them out on 64 bits. */
const container = 56;
const slot = 16;
const text = 24;

export function weightOf(data: unknown): number {
  if (typeof data === 'string') return text + data.length;
  if (typeof data !== 'object' || data === null) return 0;
  if (data instanceof Uint8Array) return container + data.length;
  let weight = container;
  if (Array.isArray(data)) for (const it of data) weight += slot + weightOf(it);
  else
    for (const key of Object.keys(data))
      weight += slot + text + weightOf((data as Record<string, unknown>)[key]);
  return weight;
}
