// The end of memberships: at once, or after the grace of a member that lost its connection.
import type { Broker } from '../broker/broker.js';
import type { Hub } from '../delivery/hub.js';
import type { GuardedCall } from '../util/guarded-call.js';
import type { SetTimer } from '../util/set-timer.js';
import { createAbsentMembers } from './absent-members.js';
import type { Membership } from './peer.js';
import { createPresenceGrace } from './presence-grace.js';
import type { PresenceMemory } from './presence-memory.js';

export interface DepartureContext {
  readonly broker: Broker;
  readonly hub: Hub;
  readonly presenceMemory: PresenceMemory;
  readonly runGuarded: GuardedCall;
  /** Now in whole ms, by a clock that nobody sets. */
  readonly wholeNow: () => number;
  readonly monotonicNow: () => number;
  readonly setTimer: SetTimer;
  /** By how many ms a grace may end late. */
  readonly stepMs: number;
}

export interface Departures {
  /**
   * Ends a membership. Other members see the member leave after `graceMs`; with 0, they see it leave now. With
   * `isReplaced`, a newer connection speaks for the member, and the others see no change.
   */
  endMembership(membership: Membership, graceMs: number, isReplaced?: boolean): void;
  /** Tells the broker that a session left a room. `agoMs`: how long ago this node last asked for its watermark. */
  restProducer(producer: string, room: string, agoMs: number): void;
  /** The member is back in the room before its grace was over. */
  cancelGrace(membership: Membership): void;
  /** The session of a user lost its connection. At most `maxShown` absent members of the user stay shown. */
  addAbsent(user: string, member: string, maxShown: number): void;
  /** The session of a user has a connection again. At most `maxShown` absent members of the user stay shown. */
  removeAbsent(user: string, member: string, maxShown: number): void;
  /** Ends every grace now. */
  endAll(): void;
}

export function createDepartures(context: DepartureContext): Departures {
  const { broker, hub, presenceMemory, runGuarded, wholeNow } = context;
  const absentMembers = createAbsentMembers();

  function exitRoom(room: string, member: string): void {
    presenceMemory.forget(room, member);
    runGuarded(() => broker.exit(room, member));
  }

  const clock = { now: context.monotonicNow, setTimer: context.setTimer };
  const presenceGrace = createPresenceGrace(context.stepMs, clock, exitRoom, absentMembers.forget);

  function restProducer(producer: string, room: string, agoMs: number): void {
    runGuarded(() => broker.rest?.(room, producer, agoMs));
  }

  function trimAbsent(user: string, maxShown: number): void {
    for (const member of absentMembers.trim(user, maxShown)) presenceGrace.endMember(member);
  }

  return {
    endMembership(membership, graceMs, isReplaced = false) {
      const { room, peer, served } = membership;
      hub.leave(membership);
      if (peer.memberships.get(room) === membership) peer.memberships.delete(room);
      if (isReplaced || !peer.identity) return;
      const { member, producer } = peer.identity;
      // The broker knows nothing of a session that sent nothing, unless the room has `authorize`.
      if (membership.lastSeq > 0 || served.authorize)
        restProducer(producer, room, wholeNow() - membership.watermarkAskedAt);
      if (!served.presence) return;
      if (graceMs > 0) presenceGrace.add(room, member, graceMs);
      else {
        presenceGrace.cancel(room, member);
        exitRoom(room, member);
      }
    },
    restProducer,
    cancelGrace({ room, peer }) {
      presenceGrace.cancel(room, peer.identity?.member ?? '');
    },
    addAbsent(user, member, maxShown) {
      if (!presenceGrace.has(member)) return;
      absentMembers.add(user, member);
      trimAbsent(user, maxShown);
    },
    removeAbsent(user, member, maxShown) {
      absentMembers.forget(member);
      trimAbsent(user, maxShown);
    },
    endAll() {
      presenceGrace.endAll();
    },
  };
}
