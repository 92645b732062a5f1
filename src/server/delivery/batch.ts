// Frames that are due together, in order. Members of one room have the same due, so they share the same batches: each is measured, joined and kept once, however many have it.
import { byteLength } from '../../protocol/bytes.js';
import type { Codec, Encoded } from '../../protocol/codec.js';

/** Bytes of a message that holds more than one frame. A reader on a slow line has something to handle, and is heard of, before all of a long catch-up is there. */
const maxMessageBytes = 262_144;

/** Bytes that a character of a text takes, at most. */
const maxBytesPerCharacter = 3;

/** Frames joined to messages, cut between frames. */
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

/** The first is empty; each other is the one before it and a frame more. */
export class Batch {
  private readonly codec: Codec;
  private readonly previous: Batch | null;
  private readonly part: Encoded;
  readonly bytes: number;
  // What the last one to go on from here went on with: whoever is next in the room goes on with the same.
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

  /** What these frames are on the wire. Nothing for the empty one. */
  messages(): readonly Encoded[] {
    if (this.joinedMessages) return this.joinedMessages;
    const parts: Encoded[] = [];
    let before = this.previous;
    if (before) parts.push(this.part);
    for (; before?.previous; before = before.previous) parts.push(before.part);
    if (parts.length === 0) return (this.joinedMessages = parts);
    parts.reverse();
    // Bytes are counted only where the number of characters leaves it open whether one message holds them all.
    const isSmall = parts.length === 1 || this.bytes * maxBytesPerCharacter <= maxMessageBytes;
    return (this.joinedMessages = isSmall ? [this.codec.join(parts)] : joinParts(parts, this.codec));
  }

  /** Lets go of what followed. */
  forgetNext(): void {
    this.next = null;
  }
}
