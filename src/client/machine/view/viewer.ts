// Makes the public state of each state of the machine. A part that did not change keeps its identity.
import { senderOf, type List, type Room } from '../model/room-state.js';
import type { Entry } from '../model/entry.js';
import type { Member, Message } from '../model/message.js';
import type { State } from '../model/state.js';
import { everyType } from '../room/lists.js';
import { connectionView, statusOf } from './connection-view.js';
import { reuseIfEqual } from './structural-sharing.js';
import {
  initialView,
  type ListView,
  type OutboxEntry,
  type OutboxView,
  type RealtimeState,
  type RoomView,
} from './view.js';

function outboxEntryOf(entry: Entry, room: string, sender: Member | null): OutboxEntry {
  const { id, type, displayData: data, queuedAt: timestamp, failure, putOff, sentOn } = entry;
  return {
    id,
    room,
    type,
    data,
    offset: null,
    timestamp,
    sender,
    status: failure ? 'failed' : sentOn === null ? 'queued' : 'sending',
    error: failure ?? putOff?.why ?? null,
    attempts: putOff?.attempts ?? 0,
  };
}

/** The entries of a list, and behind them own messages that the log has not shown. */
function listView(
  { messages, hasOlder, loading, gap }: List,
  type: string,
  unlogged: readonly Message[],
  before: ListView | undefined,
): ListView {
  const added = type === everyType ? unlogged : unlogged.filter((message) => message.type === type);
  return reuseIfEqual(before, {
    messages: added.length ? reuseIfEqual(before?.messages, [...messages, ...added]) : messages,
    hasOlder,
    isLoading: loading,
    gap,
  });
}

class Viewer {
  #state: State | null = null;
  #view = initialView;
  // Views of own messages by entry, of the last view and of the one that is being made. A WeakMap would cost the
  // garbage collector more than everything else here.
  #entryViews = new Map<Entry, OutboxEntry>();
  #nextEntryViews = this.#entryViews;

  #entryView(entry: Entry, room: string, sender: Member | null): OutboxEntry {
    const known = this.#nextEntryViews.get(entry) ?? this.#entryViews.get(entry);
    const view = known?.sender === sender ? known : outboxEntryOf(entry, room, sender);
    this.#nextEntryViews.set(entry, view);
    return view;
  }

  #listViews(room: Room, self: Member | null, before: RoomView | undefined): RoomView['lists'] {
    const views = Object.create(null) as Record<string, ListView>;
    if (room.lists.byType.size > 0) {
      const unlogged: Message[] = [...room.outbox.echoes];
      for (const entry of room.outbox.entries.values())
        if (!entry.inLog) unlogged.push(this.#entryView(entry, room.id, self));
      for (const [type, list] of room.lists.byType)
        views[type] = listView(list, type, unlogged, before?.lists[type]);
    }
    return reuseIfEqual(before?.lists, views);
  }

  #roomView(room: Room, { self }: State): RoomView {
    const { presence } = room;
    const isSameSelf = this.#state?.self === self;
    const known = this.#state?.rooms.get(room.id);
    const before = known && this.#view.rooms[room.id];
    if (before && known === room && isSameSelf) return before;
    const me = self && reuseIfEqual(before?.me, senderOf(room, [self.member, self.user], presence.ownShown));
    const others = (): readonly Member[] =>
      Array.from(presence.members.values()).filter(({ id }) => id !== self?.member);
    return reuseIfEqual(before, {
      id: room.id,
      status: statusOf(room),
      continuity: room.log.continuity,
      error: room.membership.error,
      lists: this.#listViews(room, me, before),
      others:
        before && known.presence.members === presence.members && isSameSelf
          ? before.others
          : reuseIfEqual(before?.others, others()),
      me,
      mine: presence.ownShown,
    });
  }

  #outboxView(state: State, rooms: RealtimeState['rooms']): OutboxView {
    const pending: OutboxEntry[] = [];
    const failed: OutboxEntry[] = [];
    for (const { id, outbox } of state.rooms.values())
      for (const entry of outbox.entries.values())
        (entry.failure ? failed : pending).push(this.#entryView(entry, id, rooms[id]?.me ?? null));
    const before = this.#view.outbox;
    return reuseIfEqual(before, {
      pending: reuseIfEqual(before.pending, pending),
      failed: reuseIfEqual(before.failed, failed),
      progress: state.progress,
    });
  }

  viewOf(state: State): RealtimeState {
    if (this.#state === state) return this.#view;
    const before = this.#view;
    const roomsChanged = this.#state?.rooms !== state.rooms;
    if (roomsChanged) this.#nextEntryViews = new Map();
    let { rooms } = before;
    if (roomsChanged || this.#state?.self !== state.self) {
      const next = Object.create(null) as Record<string, RoomView>;
      for (const room of state.rooms.values()) next[room.id] = this.#roomView(room, state);
      rooms = reuseIfEqual(rooms, next);
    }
    const outboxChanged = roomsChanged || before.outbox.progress !== state.progress;
    this.#view = reuseIfEqual(before, {
      connection: reuseIfEqual(before.connection, connectionView(state)),
      latency: state.latency,
      rooms,
      outbox: outboxChanged ? this.#outboxView(state, rooms) : before.outbox,
    });
    this.#entryViews = this.#nextEntryViews;
    this.#state = state;
    return this.#view;
  }
}

export function createViewer(): (state: State) => RealtimeState {
  const viewer = new Viewer();
  return (state) => viewer.viewOf(state);
}
