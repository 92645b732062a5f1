// The members of a room on all nodes, in pieces. A piece is encoded once, until one of its members comes,
// goes or changes.
import type { Codec, Encoded } from '../../protocol/codec.js';
import type { MemberTuple } from '../../protocol/frames.js';
import type { RoomEvent } from '../broker/broker.js';
import { encodeOnce } from './encode-once.js';
import { measureItem, maxMemberListBytes, splitIntoPortions } from '../util/frame-splitting.js';

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
  readonly lastSerial: number;
}

export interface MemberList {
  get(id: string): MemberTuple | undefined;
  /** Applies an event to the list. */
  applyEvent(event: Extract<RoomEvent, { type: 'presence' }>): void;
  /** The event without members that show what they showed before; null if nothing is left. */
  withoutUnchanged(
    event: Extract<RoomEvent, { type: 'presence' }>,
  ): Extract<RoomEvent, { type: 'presence' }> | null;
  /** The members that a `joined` frame has room for, and where the list goes on. */
  beginListing(): { readonly members: readonly MemberTuple[]; readonly listing: ListProgress };
  /** The next piece of a list; null behind the last one. */
  nextPiece(listing: ListProgress): ListPiece | null;
}

interface ListPart {
  readonly serial: number;
  members: Map<string, MemberTuple>;
  /** The number of members that came into it. */
  memberCount: number;
  /** Counted when it is read, since members change far more often than they come. Null after a change. */
  bytes: number | null;
  /** Made when it is read. Null after a change. */
  portions: readonly (readonly MemberTuple[])[] | null;
  piece: ListPiece | null;
}

export function createMemberList(room: string, members: readonly MemberTuple[]): MemberList {
  /** In the order in which their members came. Serials rise, and none is given twice. */
  const parts: ListPart[] = [];
  const partOf = new Map<string, ListPart>();
  let lastSerial = 0;

  const forgetEncoded = (part: ListPart): void => {
    part.bytes = null;
    part.portions = null;
    part.piece = null;
  };

  function partBytesOf(part: ListPart): number {
    if (part.bytes !== null) return part.bytes;
    let bytes = 0;
    for (const member of part.members.values()) bytes += measureItem(member).bytes;
    return (part.bytes = bytes);
  }

  function setMember(member: MemberTuple): void {
    const known = partOf.get(member[0]);
    if (known) {
      forgetEncoded(known);
      known.members.set(member[0], member);
      return;
    }
    const { bytes } = measureItem(member);
    let part = parts.at(-1);
    const before = part ? partBytesOf(part) : 0;
    if (!part || before + bytes > maxMemberListBytes) {
      part = {
        serial: ++lastSerial,
        members: new Map(),
        memberCount: 0,
        bytes: 0,
        portions: null,
        piece: null,
      };
      parts.push(part);
    }
    const held = partBytesOf(part);
    forgetEncoded(part);
    part.bytes = held + bytes;
    part.memberCount++;
    part.members.set(member[0], member);
    partOf.set(member[0], part);
  }

  /**
   * Moves the members of a part into the next part if few are left. A reader that was told this part and not
   * the next one is told them again, and misses none.
   */
  function mergeIntoNext(part: ListPart): void {
    if (part.members.size > part.memberCount / 4) return;
    const index = parts.indexOf(part);
    const next = parts[index + 1];
    if (part.members.size > 0) {
      if (!next || partBytesOf(part) + partBytesOf(next) > maxMemberListBytes) return;
      next.members = new Map([...part.members, ...next.members]);
      next.memberCount += part.members.size;
      forgetEncoded(next);
      for (const id of part.members.keys()) partOf.set(id, next);
    }
    parts.splice(index, 1);
  }

  function removeMember(id: string): void {
    const part = partOf.get(id);
    if (!part) return;
    forgetEncoded(part);
    part.members.delete(id);
    partOf.delete(id);
    mergeIntoNext(part);
  }

  const portionsOf = (part: ListPart): readonly (readonly MemberTuple[])[] =>
    (part.portions ??= splitIntoPortions([...part.members.values()], maxMemberListBytes));

  const pieceOf = (part: ListPart): ListPiece =>
    (part.piece ??= {
      serial: part.serial,
      bytes: partBytesOf(part),
      frames: portionsOf(part).map((joined) =>
        encodeOnce({ type: 'presence', room, joined, left: [], changed: [] }),
      ),
    });

  const getMember = (id: string): MemberTuple | undefined => partOf.get(id)?.members.get(id);

  for (const member of members) setMember(member);

  return {
    get: getMember,
    applyEvent(event) {
      for (const id of event.left) removeMember(id);
      for (const member of event.joined) setMember(member);
      for (const [id, patch] of event.changed) {
        const before = getMember(id);
        if (before) setMember([before[0], before[1], { ...(before[2] as object | null), ...patch }]);
      }
    },
    withoutUnchanged(event) {
      const joined = event.joined.filter(
        (member) => JSON.stringify(getMember(member[0])) !== JSON.stringify(member),
      );
      if (joined.length === event.joined.length) return event;
      return joined.length + event.left.length + event.changed.length === 0 ? null : { ...event, joined };
    },
    beginListing() {
      const [first] = parts;
      if (!first) return { members: [], listing: { toldUpTo: 0, lastSerial: 0 } };
      const [members = [], ...others] = portionsOf(first);
      const told = others.length > 0 ? first.serial - 1 : first.serial;
      return { members, listing: { toldUpTo: told, lastSerial: parts.at(-1)?.serial ?? 0 } };
    },
    nextPiece({ toldUpTo, lastSerial }) {
      const part = parts.find((it) => it.serial > toldUpTo);
      return part && part.serial <= lastSerial ? pieceOf(part) : null;
    },
  };
}
