// A pass over JSON text before the parser sees it: nesting and the number of values, without allocating.
import { maxDepth, maxItems } from './limits.js';
import { Malformed } from './parse.js';

/** Frames, entries and members nest a payload this much deeper than the payload itself. */
export const envelopeDepth = 8;

/** Throws {@link Malformed} where the text nests too deep or a frame in it holds too many values. */
export function scanJson(text: string): void {
  let depth = 0;
  let items = 1;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (quoted) {
      if (character === 92) at++;
      else if (character === 34) quoted = false;
      // Lines part frames: JSON has no line ends in its texts.
      else if (character === 10) throw new Malformed('not JSON');
    } else if (character === 34) quoted = true;
    else if (character === 91 || character === 123) {
      if (++depth > maxDepth + envelopeDepth) throw new Malformed('nested too deep');
      items++;
    } else if (character === 93 || character === 125) {
      depth--;
      // An empty container holds no first value.
      if (text.charCodeAt(at - 1) === character - 2) items--;
    } else if (character === 44 || character === 10) {
      // Between frames the count begins anew.
      items = depth > 0 ? items + 1 : 1;
      if (items > maxItems * 2) throw new Malformed('too many values');
    }
  }
}
