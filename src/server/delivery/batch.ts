// Frames that are due together, in order. Members of one room have the same frames due, so they share
// batches: each batch is measured, joined and kept once for all of them.
import { byteLength } from '../../protocol/bytes.js';
import type { Codec, Encoded } from '../../protocol/codec.js';

/**
 * The bytes of a message that holds more than one frame, at most. A reader on a slow line has something to
 * handle, and gives a sign of life, before all of a long catch-up is there.
 */
const maxMessageBytes = 262_144;

/** The bytes that one character of a text takes, at most. */
const maxBytesPerCharacter = 3;

/** Joins frames to messages, and splits between frames. */
function joinParts(parts: readonly Encoded[], codec: Codec): readonly Encoded[] {
  const messages: Encoded[] = [];
  let from = 0;
  let bytes = 0;
  for (let index = 0; index < parts.length; index++) {
    const partBytes = byteLength(parts[index] as Encoded);
    if (index > from && bytes + partBytes > maxMessageBytes) {
      messages.push(codec.join(parts.slice(from, index)));
      from = index;
      bytes = 0;
    }
    bytes += partBytes;
  }
  messages.push(codec.join(from === 0 ? parts : parts.slice(from)));
  return messages;
}

/** A batch is empty, or it is another batch and one more frame. */
export class Batch {
  private readonly codec: Codec;
  private readonly previous: Batch | null;
  private readonly part: Encoded;
  readonly bytes: number;
  // The batch that was last made from this one. The next member of the room goes on with the same.
  private next: Batch | null = null;
  private joinedMessages: readonly Encoded[] | null = null;

  constructor(codec: Codec, before: Batch | null, part: Encoded) {
    this.codec = codec;
    this.previous = before;
    this.part = part;
    this.bytes = before ? before.bytes + codec.size(part) : 0;
  }

  append(part: Encoded): Batch {
    const { next } = this;
    return next?.part === part ? next : (this.next = new Batch(this.codec, this, part));
  }

  /** The frames as they go on the wire. No message for the empty batch. */
  messages(): readonly Encoded[] {
    if (this.joinedMessages) return this.joinedMessages;
    const parts: Encoded[] = [];
    let before = this.previous;
    if (before) parts.push(this.part);
    for (; before?.previous; before = before.previous) parts.push(before.part);
    if (parts.length === 0) return (this.joinedMessages = parts);
    parts.reverse();
    // Bytes are counted only if the number of characters does not tell whether one message holds them all.
    const isSmall = parts.length === 1 || this.bytes * maxBytesPerCharacter <= maxMessageBytes;
    return (this.joinedMessages = isSmall ? [this.codec.join(parts)] : joinParts(parts, this.codec));
  }

  /** Forgets the batch that was made from this one. */
  forgetNext(): void {
    this.next = null;
  }
}
