// A look at JSON text before the parser sees it: nesting and the number of values, without allocating.
import { maxDepth, maxItems } from './limits.js';
import { Malformed } from './parse.js';

/** Frames, entries and members nest a payload this much deeper than the payload itself. */
export const envelopeDepth = 8;

const deepest = maxDepth + envelopeDepth;
const most = maxItems * 2;

/** Where the string that begins at `from` ends. */
function endOfString(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (character === 92) at++;
    else if (character === 34) return at;
    // A long one is left to the engine, up to its next quote; where that one is escaped, it goes on from there.
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

/** Whether a text is too short to hold too many values, and has too few brackets, wherever they stand, to nest too deep. */
function isHarmless(text: string): boolean {
  if (text.length > most) return false;
  let brackets = 0;
  for (const bracket of '[{')
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1))
      if (++brackets > deepest) return false;
  return true;
}

/** Throws {@link Malformed} where the text of one frame nests too deep or holds too many values. */
export function scanJson(text: string): void {
  if (isHarmless(text)) return;
  let depth = 0;
  let items = 1;
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (character === 34) at = endOfString(text, at);
    else if (character === 91 || character === 123) {
      if (++depth > deepest) throw new Malformed('nested too deep');
      items++;
    } else if (character === 93 || character === 125) {
      depth--;
      // An empty container holds no first value.
      if (text.charCodeAt(at - 1) === character - 2) items--;
    } else if (character === 44 && ++items > most) throw new Malformed('too many values');
  }
}
