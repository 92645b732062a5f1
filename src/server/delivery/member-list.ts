// Who is in a room, as this node knows it: in pieces of which each is encoded once, until somebody in it comes, goes or changes.
import type { Codec, Encoded } from '../../protocol/codec.js';
import type { MemberTuple } from '../../protocol/frames.js';
import type { RoomEvent } from '../broker/broker.js';
import { encodedOnce } from './encode-once.js';
import { measured, membersBytes, portions } from '../util/frame-splitting.js';

/** A part of the list. */
export interface Piece {
  readonly serial: number;
  /** How much it is on the wire, about. */
  readonly bytes: number;
  /** As `presence` frames. */
  readonly frames: readonly ((codec: Codec) => Encoded)[];
}

/** How far a member was told the list: the last piece that it was told, and the last there was when it came. Who came later it hears of as it happens. */
export interface Listing {
  told: number;
  readonly last: number;
}

export interface Roster {
  get(id: string): MemberTuple | undefined;
  /** What becomes of the room by an event. */
  apply(event: Extract<RoomEvent, { type: 'presence' }>): void;
  /** The event without members that show what they showed before; null where nothing is left. */
  news(event: Extract<RoomEvent, { type: 'presence' }>): Extract<RoomEvent, { type: 'presence' }> | null;
  /** What a `joined` frame has room for, and where the list goes on. */
  begin(): { readonly members: readonly MemberTuple[]; readonly listing: Listing };
  /** The next piece of a list; null behind the last. */
  next(listing: Listing): Piece | null;
}

interface Part {
  readonly serial: number;
  members: Map<string, MemberTuple>;
  /** How many it was made of. */
  came: number;
  /** Counted when it is asked for, since members change far more often than they come; null since one changed. */
  bytes: number | null;
  /** Made when it is asked for; null since somebody in it changed. */
  portions: readonly (readonly MemberTuple[])[] | null;
  piece: Piece | null;
}

export function createRoster(room: string, all: readonly MemberTuple[]): Roster {
  /** In the order in which their members came. Serials rise, and none is given twice. */
  const parts: Part[] = [];
  const partOf = new Map<string, Part>();
  let serial = 0;

  const changed = (part: Part): void => {
    part.bytes = null;
    part.portions = null;
    part.piece = null;
  };

  function bytesOf(part: Part): number {
    if (part.bytes !== null) return part.bytes;
    let bytes = 0;
    for (const member of part.members.values()) bytes += measured(member).bytes;
    return (part.bytes = bytes);
  }

  function set(member: MemberTuple): void {
    const known = partOf.get(member[0]);
    if (known) {
      changed(known);
      known.members.set(member[0], member);
      return;
    }
    const { bytes } = measured(member);
    let part = parts.at(-1);
    const before = part ? bytesOf(part) : 0;
    if (!part || before + bytes > membersBytes) {
      part = { serial: ++serial, members: new Map(), came: 0, bytes: 0, portions: null, piece: null };
      parts.push(part);
    }
    const held = bytesOf(part);
    changed(part);
    part.bytes = held + bytes;
    part.came++;
    part.members.set(member[0], member);
    partOf.set(member[0], part);
  }

  /** Where few are left in a part, they go on in the next one: whoever was told this part and not that one is told them again, and misses nobody. */
  function merge(part: Part): void {
    if (part.members.size > part.came / 4) return;
    const at = parts.indexOf(part);
    const next = parts[at + 1];
    if (part.members.size > 0) {
      if (!next || bytesOf(part) + bytesOf(next) > membersBytes) return;
      next.members = new Map([...part.members, ...next.members]);
      next.came += part.members.size;
      changed(next);
      for (const id of part.members.keys()) partOf.set(id, next);
    }
    parts.splice(at, 1);
  }

  function remove(id: string): void {
    const part = partOf.get(id);
    if (!part) return;
    changed(part);
    part.members.delete(id);
    partOf.delete(id);
    merge(part);
  }

  const portionsOf = (part: Part): readonly (readonly MemberTuple[])[] =>
    (part.portions ??= portions([...part.members.values()], membersBytes));

  const pieceOf = (part: Part): Piece =>
    (part.piece ??= {
      serial: part.serial,
      bytes: bytesOf(part),
      frames: portionsOf(part).map((joined) =>
        encodedOnce({ type: 'presence', room, joined, left: [], changed: [] }),
      ),
    });

  const get = (id: string): MemberTuple | undefined => partOf.get(id)?.members.get(id);

  for (const member of all) set(member);

  return {
    get,
    apply(event) {
      for (const id of event.left) remove(id);
      for (const member of event.joined) set(member);
      for (const [id, patch] of event.changed) {
        const before = get(id);
        if (before) set([before[0], before[1], { ...(before[2] as object | null), ...patch }]);
      }
    },
    news(event) {
      const joined = event.joined.filter(
        (member) => JSON.stringify(get(member[0])) !== JSON.stringify(member),
      );
      if (joined.length === event.joined.length) return event;
      return joined.length + event.left.length + event.changed.length === 0 ? null : { ...event, joined };
    },
    begin() {
      const [first] = parts;
      if (!first) return { members: [], listing: { told: 0, last: 0 } };
      const [members = [], ...others] = portionsOf(first);
      const told = others.length > 0 ? first.serial - 1 : first.serial;
      return { members, listing: { told, last: parts.at(-1)?.serial ?? 0 } };
    },
    next({ told, last }) {
      const part = parts.find((it) => it.serial > told);
      return part && part.serial <= last ? pieceOf(part) : null;
    },
  };
}
