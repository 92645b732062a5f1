// The machine as hooks see it: few public states, stable, sharing whatever did not change.
import type { CloseReason } from '../../protocol/codes.js';
import type { Continuity, Entry, Failure, Latency, List, Member, Message, Room, RoomOutbox, State, Transport } from './state.js';
import { everyType } from './timeline.js';

/** What the connection does, as a person would put it. Moments in ms of the client's clock. */
export type ConnectionState =
  | { readonly status: 'idle' }
  | { readonly status: 'connecting' | 'authenticating'; readonly attempt: number }
  | { readonly status: 'connected'; readonly since: number; readonly transport: Transport; readonly codec: string; readonly recovered: boolean }
  | { readonly status: 'reconnecting'; readonly attempt: number; readonly retryAt: number; readonly since: number; readonly lost: boolean; readonly reason: CloseReason }
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
  /** Own presence, as last set. */
  readonly mine: Readonly<Record<string, unknown>> | null;
}

/** One of our own messages that is not settled, or failed. */
export interface OutboxEntry {
  readonly id: string;
  readonly room: string;
  readonly type: string;
  readonly data: unknown;
  readonly status: 'queued' | 'sending' | 'failed';
  /** When it was sent, in ms. */
  readonly at: number;
  readonly error: Failure | null;
}

export interface OutboxView {
  readonly pending: readonly OutboxEntry[];
  readonly failed: readonly OutboxEntry[];
  /** While a backlog flushes. */
  readonly progress: { readonly done: number; readonly total: number } | null;
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
  const reconnecting = (retryAt: number): ConnectionState => ({ status: 'reconnecting', attempt: Math.max(1, retry.tries), retryAt, since: retry.since ?? retryAt, lost: retry.lost, reason });
  switch (connection.status) {
    case 'idle':
      return { status: 'idle' };
    case 'opening':
      return retry.since === null ? { status: 'connecting', attempt: retry.tries } : reconnecting(retry.since);
    case 'greeting':
      return retry.since === null ? { status: 'authenticating', attempt: retry.tries } : reconnecting(retry.since);
    case 'live':
      return { status: 'connected', since: connection.since, transport: connection.transport, codec: connection.codec, recovered: connection.recovered };
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

/** Shallow equality of plain objects. */
export function shallow(a: object, b: object): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.is((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]));
}

/** `next`, or `before` where the two are alike: identity is what keeps components from rendering. */
const shared = <T extends object>(before: T | undefined, next: T): T => (before && shallow(before, next) ? before : next);

const sharedList = <T>(before: readonly T[] | undefined, next: readonly T[]): readonly T[] =>
  before && before.length === next.length && next.every((item, index) => Object.is(item, before[index])) ? before : next;

function statusOf(room: Room): RoomStatus {
  switch (room.phase.status) {
    case 'joined':
      return 'joined';
    case 'denied':
      return 'denied';
    case 'wanted':
    case 'joining':
      return room.joinedOnce ? 'reconnecting' : 'joining';
    default:
      return room.phase satisfies never;
  }
}

/** What one connection's view remembers, so that untouched parts keep their identity. */
export interface Viewer {
  (state: State): RealtimeState;
}

export function createViewer(): Viewer {
  const pendingMessages = new WeakMap<Entry, Message>();
  const outboxEntries = new WeakMap<Entry, OutboxEntry>();
  const roomViews = new Map<string, { room: Room; outbox: RoomOutbox | undefined; self: State['self']; view: RoomView }>();
  let last: { state: State; view: RealtimeState } | null = null;

  const statusOfEntry = (entry: Entry): 'queued' | 'sending' | 'failed' => (entry.failure ? 'failed' : entry.sentOn ? 'sending' : 'queued');

  const messageOf = (entry: Entry, room: string, me: Member | null): Message => {
    let message = pendingMessages.get(entry);
    if (!message || message.sender !== me) {
      message = { id: entry.id, room, type: entry.type, data: entry.shown, offset: null, timestamp: entry.at, sender: me, status: statusOfEntry(entry) };
      pendingMessages.set(entry, message);
    }
    return message;
  };

  const entryView = (entry: Entry, room: string): OutboxEntry => {
    let view = outboxEntries.get(entry);
    if (!view) outboxEntries.set(entry, (view = { id: entry.id, room, type: entry.type, data: entry.shown, status: statusOfEntry(entry), at: entry.at, error: entry.failure }));
    return view;
  };

  const listView = (list: List, key: string, tail: readonly Message[], before: ListView | undefined): ListView => {
    const mine = key === everyType ? tail : tail.filter(({ type }) => type === key);
    const messages = mine.length ? sharedList(before?.messages, [...list.messages, ...mine]) : list.messages;
    return shared(before, { messages, hasOlder: list.hasOlder, isLoading: list.loading, gap: list.gap });
  };

  const roomView = (room: Room, state: State): RoomView => {
    const outbox = state.outbox.rooms.get(room.id);
    const known = roomViews.get(room.id);
    if (known && known.room === room && known.outbox === outbox && known.self === state.self) return known.view;
    const before = known?.view;
    const selfId = state.self?.member;
    const member = selfId === undefined ? undefined : room.members.get(selfId);
    const me = state.self && shared(before?.me ?? undefined, member ?? { id: state.self.member, user: state.self.user, presence: room.mine });
    const others = known && known.room.members === room.members && known.self === state.self ? known.view.others : sharedList(before?.others, Array.from(room.members.values()).filter(({ id }) => id !== selfId));
    const lists: Record<string, ListView> = Object.create(null) as Record<string, ListView>;
    if (room.lists.size) {
      const pending = outbox ? Array.from(outbox.entries.values()).filter(({ seen }) => !seen) : [];
      const tail = [...room.echoes, ...pending.map((entry) => messageOf(entry, room.id, me))];
      for (const [key, list] of room.lists) lists[key] = listView(list, key, tail, before?.lists[key]);
    }
    const view = shared(before, {
      id: room.id,
      status: statusOf(room),
      continuity: room.continuity,
      error: room.error,
      lists: before ? shared(before.lists, lists) : lists,
      others,
      me,
      mine: room.mine,
    });
    roomViews.set(room.id, { room, outbox, self: state.self, view });
    return view;
  };

  const outboxView = (state: State, before: OutboxView): OutboxView => {
    const pending: OutboxEntry[] = [];
    const failed: OutboxEntry[] = [];
    for (const [room, { entries }] of state.outbox.rooms) for (const entry of entries.values()) (entry.failure ? failed : pending).push(entryView(entry, room));
    return shared(before, { pending: sharedList(before.pending, pending), failed: sharedList(before.failed, failed), progress: state.outbox.progress });
  };

  return (state) => {
    if (last?.state === state) return last.view;
    const before = last?.view ?? initialView;
    let rooms = before.rooms;
    if (!last || last.state.rooms !== state.rooms || last.state.outbox !== state.outbox || last.state.self !== state.self) {
      const next: Record<string, RoomView> = Object.create(null) as Record<string, RoomView>;
      for (const room of state.rooms.values()) next[room.id] = roomView(room, state);
      for (const id of roomViews.keys()) if (!state.rooms.has(id)) roomViews.delete(id);
      rooms = shared(before.rooms, next);
    }
    const view = shared(before, {
      connection: shared(before.connection, connectionView(state)),
      latency: state.latency,
      rooms,
      outbox: last && last.state.outbox === state.outbox ? before.outbox : outboxView(state, before.outbox),
    });
    last = { state, view };
    return view;
  };
}

