// The changes of a room's members, gathered for a while, and the frames that tell them.
import type { MemberTuple, ServerFrame } from '../../protocol/frames.js';
import type { RoomEvent } from '../broker/broker.js';
import { fitsOneFrame, splitIntoPortions } from '../util/frame-splitting.js';

type PresenceFrame = Extract<ServerFrame, { type: 'presence' }>;
type PresenceEvent = Extract<RoomEvent, { type: 'presence' }>;

/**
 * Returns the changes of a room's members as one frame, or as several if one would be too large. The caller puts no
 * member into two lists. The order of the frames therefore does not matter.
 */
export function presenceFrames(
  room: string,
  joined: PresenceFrame['joined'],
  left: PresenceFrame['left'],
  changed: PresenceFrame['changed'],
): readonly PresenceFrame[] {
  const nothing: PresenceFrame = { type: 'presence', room, joined: [], left: [], changed: [] };
  if (fitsOneFrame(joined, left, changed)) return [{ ...nothing, joined, left, changed }];
  return [
    ...splitIntoPortions(joined).map((portion) => ({ ...nothing, joined: portion })),
    ...splitIntoPortions(left).map((portion) => ({ ...nothing, left: portion })),
    ...splitIntoPortions(changed).map((portion) => ({ ...nothing, changed: portion })),
  ];
}

/** The changes of a room's members since the last tick. */
export class PresenceDiff {
  private readonly joined = new Map<string, MemberTuple>();
  private readonly left = new Set<string>();
  private readonly changed = new Map<string, Record<string, unknown>>();

  /** Adds the changes of an event. */
  gather(event: PresenceEvent): void {
    const { joined, left, changed } = this;
    for (const member of event.joined) {
      joined.set(member[0], member);
      left.delete(member[0]);
      changed.delete(member[0]);
    }
    for (const [member, patch] of event.changed) {
      const justJoined = joined.get(member);
      if (justJoined) {
        const presence = { ...(justJoined[2] as object | null), ...patch };
        joined.set(member, [justJoined[0], justJoined[1], presence]);
      } else changed.set(member, { ...changed.get(member), ...patch });
    }
    for (const member of event.left) {
      joined.delete(member);
      changed.delete(member);
      left.add(member);
    }
  }

  /** The changes as frames. */
  framesFor(room: string): readonly PresenceFrame[] {
    return presenceFrames(room, [...this.joined.values()], [...this.left], [...this.changed]);
  }
}
