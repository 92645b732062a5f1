// The replies of Redis to appends and recalls.
import type { Append, Appended } from '../../../broker/broker.js';
import { json } from '../../../../protocol/codec.js';

const codec = json();

/**
 * Decodes `[offset, timestamp, result, tag]`, in which nodes of earlier versions wrote no tag, or `[null,
 * code, reason, details]`.
 */
function decodeKnownOutcome(epoch: string, text: string): Appended {
  const [it] = codec.decode(text) as [readonly unknown[]];
  const [first, second, third, fourth] = it;
  if (first === null)
    return {
      status: 'refused',
      refusal: { code: String(second), reason: String(third), details: fourth ?? null },
    };
  return {
    status: 'duplicate',
    epoch,
    offset: Number(first),
    timestamp: Number(second),
    result: third,
    tag: typeof fourth === 'string' ? fourth : undefined,
  };
}

/** Decodes a reply. `append`: the message that was to be appended; null for a recall. */
export function decodeAppendReply(
  [status = '', one = '', two = '', three = '', four = '']: readonly string[],
  it: Append | null,
): Appended {
  switch (status) {
    case 'ok':
      return { status: 'ok', epoch: one, offset: Number(two), timestamp: Number(three), tag: four };
    case 'known':
      return decodeKnownOutcome(one, two);
    case 'duplicate':
      return { status: 'duplicate', epoch: one, offset: null, timestamp: Date.now(), result: null };
    case 'gap':
      return { status: 'gap', last: Number(one) };
    case 'conflict':
      return { status: 'conflict' };
    default:
      throw new Error(`Redis answered '${status}' for ${it?.id ?? 'a number'}`);
  }
}
