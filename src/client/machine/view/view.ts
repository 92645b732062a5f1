// The machine as hooks see it: few public states, stable, sharing whatever did not change.
import type { CloseReason } from '../../../protocol/codes.js';
import { authorOf } from '../room/room.js';
import { shared } from './structural-sharing.js';
import type { Transport } from '../model/connection-state.js';
import type {
  Continuity,
  Entry,
  Failure,
  Latency,
  List,
  Member,
  Message,
  Progress,
  Room,
  State,
} from '../model/state.js';
import { everyType } from '../room/lists.js';

/** What the connection does, as a person would put it. Moments in ms of the client's clock. */
export type ConnectionState =
  | { readonly status: 'idle' }
  | { readonly status: 'connecting' | 'authenticating'; readonly attempt: number }
  | {
      readonly status: 'connected';
      readonly since: number;
      readonly transport: Transport;
      readonly codec: string;
      readonly recovered: boolean;
    }
  | {
      readonly status: 'reconnecting';
      readonly attempt: number;
      readonly retryAt: number;
      readonly since: number;
      readonly lost: boolean;
      readonly reason: CloseReason;
    }
  | { readonly status: 'offline'; readonly since: number }
  | { readonly status: 'needs-auth'; readonly reason: CloseReason }
  | { readonly status: 'closed'; readonly reason: CloseReason };

export type RoomStatus = 'joining' | 'joined' | 'reconnecting' | 'denied' | 'left';

export interface ListView {
  readonly messages: readonly Message[];
  readonly hasOlder: boolean;
  readonly isLoading: boolean;
  readonly gap: readonly [from: number, to: number] | null;
}

export interface RoomView {
  readonly id: string;
  readonly status: RoomStatus;
  readonly continuity: Continuity;
  readonly error: Failure | null;
  /** By message type; `'*'` for all. Only lists that some hook asked for. */
  readonly lists: Readonly<Record<string, ListView>>;
  /** The other members, in the order in which they joined. */
  readonly others: readonly Member[];
  readonly me: Member | null;
  /** Own presence, as last set and as its contract makes of it. */
  readonly mine: Readonly<Record<string, unknown>> | null;
}

/** One of our own messages that is not settled, or failed. `timestamp`: when it was sent, by our clock. */
export interface OutboxEntry extends Message {
  readonly status: 'queued' | 'sending' | 'failed';
  /** Why it failed, or why the server put it off the last time: it is sent again then. */
  readonly error: Failure | null;
  /** How often the server put it off. */
  readonly attempts: number;
}

export interface OutboxView {
  readonly pending: readonly OutboxEntry[];
  readonly failed: readonly OutboxEntry[];
  /** While a backlog flushes. */
  readonly progress: Progress | null;
}

/** The public store. */
export interface RealtimeState {
  readonly connection: ConnectionState;
  readonly latency: Latency | null;
  readonly rooms: Readonly<Record<string, RoomView>>;
  readonly outbox: OutboxView;
}

export const initialView: RealtimeState = {
  connection: { status: 'idle' },
  latency: null,
  rooms: {},
  outbox: { pending: [], failed: [], progress: null },
};

const unknownReason: CloseReason = { code: 1006, reason: '' };

function connectionView({ connection, retry }: State): ConnectionState {
  const reason = retry.reason ?? unknownReason;
  const reconnecting = (retryAt: number): ConnectionState => ({
    status: 'reconnecting',
    attempt: Math.max(1, retry.tries),
    retryAt,
    since: retry.since ?? retryAt,
    lost: retry.lost,
    reason,
  });
  switch (connection.status) {
    case 'idle':
      return { status: 'idle' };
    case 'opening':
    case 'greeting':
      return retry.since === null
        ? { status: connection.status === 'opening' ? 'connecting' : 'authenticating', attempt: retry.tries }
        : reconnecting(retry.since);
    case 'live':
      return {
        status: 'connected',
        since: connection.since,
        transport: connection.transport,
        codec: connection.codec,
        recovered: connection.recovered,
      };
    case 'waiting':
      return reconnecting(connection.retryAt);
    case 'offline':
      return { status: 'offline', since: connection.since };
    case 'needs-auth':
    case 'closed':
      return { status: connection.status, reason };
    default:
      return connection satisfies never;
  }
}

/** A room's status as hooks show it. */
export const statusOf = ({ phase: { status }, joinedAt }: Room): RoomStatus =>
  status === 'wanted' || status === 'joining' ? (joinedAt ? 'reconnecting' : 'joining') : status;

/** Makes the view of each state, so that what did not change keeps its identity. */
export function createViewer(): (state: State) => RealtimeState {
  // What the last view shows, and what the next one does so far: a WeakMap would cost the garbage collector more than all else here.
  let pendings = new Map<Entry, OutboxEntry>();
  let nextPendings = pendings;
  let shownState: State | null = null;
  let shown = initialView;

  const pendingOf = (entry: Entry, room: string, sender: Member | null): OutboxEntry => {
    const known = nextPendings.get(entry) ?? pendings.get(entry);
    if (known?.sender === sender) {
      nextPendings.set(entry, known);
      return known;
    }
    const { id, type, shown: data, at: timestamp, failure, putOff, sentOn } = entry;
    const message: OutboxEntry = {
      id,
      room,
      type,
      data,
      offset: null,
      timestamp,
      sender,
      status: failure ? 'failed' : sentOn ? 'sending' : 'queued',
      error: failure ?? putOff?.why ?? null,
      attempts: putOff?.attempts ?? 0,
    };
    nextPendings.set(entry, message);
    return message;
  };

  const listOf = (
    { messages, hasOlder, loading, gap }: List,
    key: string,
    tail: readonly Message[],
    before: ListView | undefined,
  ): ListView => {
    const mine = key === everyType ? tail : tail.filter(({ type }) => type === key);
    return shared(before, {
      messages: mine.length ? shared(before?.messages, [...messages, ...mine]) : messages,
      hasOlder,
      isLoading: loading,
      gap,
    });
  };

  const roomOf = (room: Room, { self }: State): RoomView => {
    const sameSelf = shownState?.self === self;
    const known = shownState?.rooms.get(room.id);
    const before = known && shown.rooms[room.id];
    if (before && known === room && sameSelf) return before;
    const me = self && shared(before?.me, authorOf(room.members, [self.member, self.user], room.shown));
    const lists: Record<string, ListView> = Object.create(null) as Record<string, ListView>;
    if (room.lists.size) {
      const tail = [...room.echoes];
      for (const entry of room.entries.values()) if (!entry.seen) tail.push(pendingOf(entry, room.id, me));
      for (const [key, list] of room.lists) lists[key] = listOf(list, key, tail, before?.lists[key]);
    }
    return shared(before, {
      id: room.id,
      status: statusOf(room),
      continuity: room.continuity,
      error: room.error,
      lists: shared(before?.lists, lists),
      others:
        before && known.members === room.members && sameSelf
          ? before.others
          : shared(
              before?.others,
              Array.from(room.members.values()).filter(({ id }) => id !== self?.member),
            ),
      me,
      mine: room.shown,
    });
  };

  const outboxOf = (state: State, views: RealtimeState['rooms']): OutboxView => {
    const pending: OutboxEntry[] = [];
    const failed: OutboxEntry[] = [];
    for (const { id, entries } of state.rooms.values())
      for (const entry of entries.values())
        (entry.failure ? failed : pending).push(pendingOf(entry, id, views[id]?.me ?? null));
    const before = shown.outbox;
    return shared(before, {
      pending: shared(before.pending, pending),
      failed: shared(before.failed, failed),
      progress: state.progress,
    });
  };

  return (state) => {
    if (shownState === state) return shown;
    const roomsChanged = shownState?.rooms !== state.rooms;
    if (roomsChanged) nextPendings = new Map();
    let views = shown.rooms;
    if (roomsChanged || shownState?.self !== state.self) {
      const next: Record<string, RoomView> = Object.create(null) as Record<string, RoomView>;
      for (const room of state.rooms.values()) next[room.id] = roomOf(room, state);
      views = shared(views, next);
    }
    shown = shared(shown, {
      connection: shared(shown.connection, connectionView(state)),
      latency: state.latency,
      rooms: views,
      outbox:
        roomsChanged || shown.outbox.progress !== state.progress ? outboxOf(state, views) : shown.outbox,
    });
    pendings = nextPendings;
    shownState = state;
    return shown;
  };
}
