// The members of a room on all nodes, in pieces. A piece is encoded once, until one of its members comes,
// goes or changes.
import type { Codec, Encoded } from '../../protocol/codec.js';
import type { MemberTuple } from '../../protocol/frames.js';
import type { RoomEvent } from '../broker/broker.js';
import { measureItem, maxMemberListBytes, splitIntoPortions } from '../util/frame-splitting.js';
import { encodeOnce } from './encode-once.js';

/** A piece of the list. */
export interface ListPiece {
  readonly serial: number;
  /** The bytes that it takes on the wire, about. */
  readonly bytes: number;
  /** The piece as `presence` frames. */
  readonly frames: readonly ((codec: Codec) => Encoded)[];
}

/**
 * How much of the list a member was told: the last piece that it was told, and the last piece that there was
 * when it came. It hears of later members as they come.
 */
export interface ListProgress {
  toldUpTo: number;
  readonly lastPartNumber: number;
}

interface ListPart {
  readonly partNumber: number;
  members: Map<string, MemberTuple>;
  /** The number of members that came into it. */
  memberCount: number;
  /** Counted when it is read, since members change far more often than they come. Null after a change. */
  bytes: number | null;
  /** Made when it is read. Null after a change. */
  portions: readonly (readonly MemberTuple[])[] | null;
  piece: ListPiece | null;
}

type PresenceEvent = Extract<RoomEvent, { type: 'presence' }>;

function forgetEncoded(part: ListPart): void {
  part.bytes = null;
  part.portions = null;
  part.piece = null;
}

function partBytesOf(part: ListPart): number {
  if (part.bytes !== null) return part.bytes;
  let bytes = 0;
  for (const member of part.members.values()) bytes += measureItem(member).bytes;
  return (part.bytes = bytes);
}

const portionsOf = (part: ListPart): readonly (readonly MemberTuple[])[] =>
  (part.portions ??= splitIntoPortions([...part.members.values()], maxMemberListBytes));

export class MemberList {
  private readonly room: string;
  /** In the order in which their members came. Serials rise, and none is given twice. */
  private readonly parts: ListPart[] = [];
  private readonly partOf = new Map<string, ListPart>();
  private lastPartNumber = 0;

  constructor(room: string, members: readonly MemberTuple[]) {
    this.room = room;
    for (const member of members) this.setMember(member);
  }

  get(id: string): MemberTuple | undefined {
    return this.partOf.get(id)?.members.get(id);
  }

  /** Applies an event to the list. */
  applyEvent(event: PresenceEvent): void {
    for (const id of event.left) this.removeMember(id);
    for (const member of event.joined) this.setMember(member);
    for (const [id, patch] of event.changed) {
      const before = this.get(id);
      if (before) this.setMember([before[0], before[1], { ...(before[2] as object | null), ...patch }]);
    }
  }

  /** The event without members that show what they showed before; null if nothing is left. */
  withoutUnchanged(event: PresenceEvent): PresenceEvent | null {
    const joined = event.joined.filter(
      (member) => JSON.stringify(this.get(member[0])) !== JSON.stringify(member),
    );
    if (joined.length === event.joined.length) return event;
    return joined.length + event.left.length + event.changed.length === 0 ? null : { ...event, joined };
  }

  /** The members that a `joined` frame has room for, and where the list goes on. */
  beginListing(): { readonly members: readonly MemberTuple[]; readonly listing: ListProgress } {
    const [first] = this.parts;
    if (!first) return { members: [], listing: { toldUpTo: 0, lastPartNumber: 0 } };
    const [members = [], ...others] = portionsOf(first);
    const toldUpTo = others.length > 0 ? first.partNumber - 1 : first.partNumber;
    return { members, listing: { toldUpTo, lastPartNumber: this.parts.at(-1)?.partNumber ?? 0 } };
  }

  /** The next piece of a list; null behind the last one. */
  nextPiece({ toldUpTo, lastPartNumber }: ListProgress): ListPiece | null {
    const part = this.parts.find(({ partNumber }) => partNumber > toldUpTo);
    return part && part.partNumber <= lastPartNumber ? this.pieceOf(part) : null;
  }

  private setMember(member: MemberTuple): void {
    const known = this.partOf.get(member[0]);
    if (known) {
      forgetEncoded(known);
      known.members.set(member[0], member);
      return;
    }
    const { bytes } = measureItem(member);
    const part = this.partFor(bytes);
    const bytesBefore = partBytesOf(part);
    forgetEncoded(part);
    part.bytes = bytesBefore + bytes;
    part.memberCount++;
    part.members.set(member[0], member);
    this.partOf.set(member[0], part);
  }

  /** The last part, or a new one if it has no room for so many bytes. */
  private partFor(bytes: number): ListPart {
    const last = this.parts.at(-1);
    if (last && partBytesOf(last) + bytes <= maxMemberListBytes) return last;
    const partNumber = ++this.lastPartNumber;
    const part = { partNumber, members: new Map(), memberCount: 0, bytes: 0, portions: null, piece: null };
    this.parts.push(part);
    return part;
  }

  private removeMember(id: string): void {
    const part = this.partOf.get(id);
    if (!part) return;
    forgetEncoded(part);
    part.members.delete(id);
    this.partOf.delete(id);
    this.mergeIntoNext(part);
  }

  /**
   * Moves the members of a part into the next part if few are left. A reader that was told this part and not
   * the next one is told them again, and misses none.
   */
  private mergeIntoNext(part: ListPart): void {
    if (part.members.size > part.memberCount / 4) return;
    const index = this.parts.indexOf(part);
    const next = this.parts[index + 1];
    if (part.members.size > 0) {
      if (!next || partBytesOf(part) + partBytesOf(next) > maxMemberListBytes) return;
      next.members = new Map([...part.members, ...next.members]);
      next.memberCount += part.members.size;
      forgetEncoded(next);
      for (const id of part.members.keys()) this.partOf.set(id, next);
    }
    this.parts.splice(index, 1);
  }

  private pieceOf(part: ListPart): ListPiece {
    const { room } = this;
    return (part.piece ??= {
      serial: part.partNumber,
      bytes: partBytesOf(part),
      frames: portionsOf(part).map((joined) =>
        encodeOnce({ type: 'presence', room, joined, left: [], changed: [] }),
      ),
    });
  }
}
