// The replies of Redis to appends and recalls.
import { json } from '../../../../protocol/codec.js';
import type { Append, Appended } from '../../../broker/broker.js';

const codec = json();

/**
 * Decodes `[offset, timestamp, result, tag]`, in which nodes of earlier versions wrote no tag, or `[null,
 * code, reason, details]`.
 */
function decodeKnownOutcome(epoch: string, text: string): Appended {
  const [tuple] = codec.decode(text) as [readonly unknown[]];
  if (tuple[0] === null) {
    const [, code, reason, details] = tuple;
    return {
      status: 'refused',
      refusal: { code: String(code), reason: String(reason), details: details ?? null },
    };
  }
  const [offset, timestamp, result, tag] = tuple;
  return {
    status: 'duplicate',
    epoch,
    offset: Number(offset),
    timestamp: Number(timestamp),
    result,
    tag: typeof tag === 'string' ? tag : undefined,
  };
}

/** Decodes a reply. `append`: the message that was to be appended; null for a recall. */
export function decodeAppendReply(reply: readonly string[], append: Append | null): Appended {
  const [status = '', first = '', second = ''] = reply;
  switch (status) {
    case 'ok': {
      const [, epoch = '', offset, timestamp, tag = ''] = reply;
      return { status: 'ok', epoch, offset: Number(offset), timestamp: Number(timestamp), tag };
    }
    case 'known':
      return decodeKnownOutcome(first, second);
    case 'duplicate':
      return { status: 'duplicate', epoch: first, offset: null, timestamp: Date.now(), result: null };
    case 'gap':
      return { status: 'gap', last: Number(first) };
    case 'conflict':
      return { status: 'conflict' };
    default:
      throw new Error(`Redis answered '${status}' for ${append?.id ?? 'a number'}`);
  }
}
