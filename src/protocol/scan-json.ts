// Scans JSON text before it is parsed: it bounds the nesting and the number of values, and allocates nothing.
import { maxDepth, maxItems } from './limits.js';
import { Malformed } from './parse.js';

/** Levels that a frame, a list and an entry add around a payload. */
export const envelopeDepth = 8;

const maxFrameDepth = maxDepth + envelopeDepth;
const maxFrameItems = maxItems * 2;

/** Finds the end of the string that begins at `from`. */
function findEndOfString(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (character === 92) at++;
    else if (character === 34) return at;
    // The engine finds the next quote of a long string faster. If that quote is escaped, the search goes on behind it.
    else if (at - from > 32) {
      const quote = text.indexOf('"', at);
      if (quote < 0) return text.length;
      let before = quote;
      while (text.charCodeAt(before - 1) === 92) before--;
      if ((quote - before) % 2 === 0) return quote;
      at = quote;
    }
  }
  return text.length;
}

/** Tells if a text is too short for too many values, and has too few brackets, even in strings, to nest too deep. */
function isHarmless(text: string): boolean {
  if (text.length > maxFrameItems) return false;
  let brackets = 0;
  for (const bracket of '[{')
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1))
      if (++brackets > maxFrameDepth) return false;
  return true;
}

/** Throws {@link Malformed} if the text of one frame nests too deep or holds too many values. */
export function scanJson(text: string): void {
  if (isHarmless(text)) return;
  let depth = 0;
  let items = 1;
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (character === 34) at = findEndOfString(text, at);
    else if (character === 91 || character === 123) {
      if (++depth > maxFrameDepth) throw new Malformed('nested too deep');
      items++;
    } else if (character === 93 || character === 125) {
      depth--;
      // An opening bracket counts for itself and for a first value, which an empty container does not have.
      if (text.charCodeAt(at - 1) === character - 2) items--;
    } else if (character === 44 && ++items > maxFrameItems) throw new Malformed('too many values');
  }
}
