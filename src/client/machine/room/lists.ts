// Lists of messages, as hooks ask for them: one for each type, and one for messages of every type.
import { draftPart, emit, ensureRoom, roomOf } from '../model/draft.js';
import type { Slice, Turn } from '../model/slice.js';
import type { HistoryRequest, List } from '../model/room-state.js';
import type { Failure, Message } from '../model/message.js';
import { clientClosed } from '../model/failures.js';
import { refusalOf } from './membership.js';

/** The list with messages of every type. */
export const everyType = '*';

export type Older = Pick<List, 'hasOlder' | 'oldest'>;

export const ofType = (type: string, messages: readonly Message[]): readonly Message[] =>
  type === everyType ? messages : messages.filter((message) => message.type === type);

/** A list that holds the newest `max` of these messages. `older` says what is before the first of them. */
export function cutList(list: List, all: readonly Message[], max: number, { hasOlder, oldest }: Older): List {
  const messages = all.slice(-max);
  const isCut = all.length > max;
  return {
    ...list,
    messages,
    hasOlder: isCut || hasOlder,
    oldest: isCut ? (messages[0] as Message).offset : oldest,
  };
}

/** Replaces one list; null removes it. */
export function setList(turn: Turn, id: string, type: string, list: List | null): void {
  const draft = draftPart(turn, id, 'lists');
  const byType = new Map(draft.byType);
  if (list) byType.set(type, list);
  else byType.delete(type);
  draft.byType = byType;
}

const emptyList: List = {
  users: 0,
  limit: 0,
  messages: [],
  hasOlder: false,
  oldest: null,
  loading: false,
  gap: null,
};

/** Counts a user of a list, and creates the list. True if history has to fill it, because no join will. */
function retainList(turn: Turn, id: string, type: string, limit: number): boolean {
  const { lists, membership, log } = roomOf(turn, id);
  const list = lists.byType.get(type);
  const whole = lists.byType.get(everyType);
  const empty = { ...emptyList, limit };
  const known = list ?? (whole ? cutList(empty, ofType(type, whole.messages), limit, whole) : empty);
  setList(turn, id, type, { ...known, users: known.users + 1, limit: Math.max(known.limit, limit) });
  if (list || membership.phase.status === 'left') return false;
  if (whole && !whole.loading) return whole.hasOlder && known.messages.length < limit;
  const hasJoinedOnce = log.position !== null;
  return hasJoinedOnce || membership.phase.status === 'joining';
}

function releaseList(turn: Turn, id: string, type: string): void {
  const list = turn.state.rooms.get(id)?.lists.byType.get(type);
  if (!list) return;
  if (list.users > 1) return setList(turn, id, type, { ...list, users: list.users - 1 });
  setList(turn, id, type, null);
  // A later list of this type starts elsewhere: the answer to an older request would not fit it.
  const draft = draftPart(turn, id, 'lists');
  draft.requests = draft.requests.filter((request) => request.list !== type);
}

/**
 * Adds a request, or refuses it. A list is continued before its oldest offset, and a list that is loading does not
 * load twice.
 */
function requestHistory(
  turn: Turn,
  id: string,
  { ref, before, limit, list }: Omit<HistoryRequest, 'sentOn'>,
  refusal: Failure | null,
): void {
  if (refusal) {
    if (list === null) emit(turn, { type: 'history', ref, outcome: refusal });
    return;
  }
  ensureRoom(turn, id);
  const filled = list === null ? null : roomOf(turn, id).lists.byType.get(list);
  if (list !== null) {
    if (!filled || filled.loading) return;
    setList(turn, id, list, { ...filled, loading: true });
  }
  const draft = draftPart(turn, id, 'lists');
  const request = { ref, before: filled ? filled.oldest : before, limit, list, sentOn: null };
  draft.requests = [...draft.requests, request];
}

export function removeRequest(turn: Turn, id: string, request: HistoryRequest): void {
  const draft = draftPart(turn, id, 'lists');
  draft.requests = draft.requests.filter((other) => other !== request);
}

/** Ends a request with a failure. */
export function failRequest(turn: Turn, id: string, request: HistoryRequest, failure: Failure): void {
  removeRequest(turn, id, request);
  const { ref, list: type } = request;
  if (type === null) return emit(turn, { type: 'history', ref, outcome: failure });
  const list = roomOf(turn, id).lists.byType.get(type);
  if (list) setList(turn, id, type, { ...list, loading: false });
}

function failRequests(turn: Turn, id: string, failure: Failure): void {
  for (const request of roomOf(turn, id).lists.requests) failRequest(turn, id, request, failure);
}

export const lists: Slice = {
  events: {
    history: (turn, event) => {
      requestHistory(turn, event.room, event, refusalOf(turn.state, event.room));
    },
    'list-retain': (turn, { room, list, limit, ref }) => {
      ensureRoom(turn, room);
      if (retainList(turn, room, list, limit))
        requestHistory(turn, room, { ref, before: null, limit, list }, null);
    },
    'list-release': (turn, { room, list }) => {
      releaseList(turn, room, list);
    },
  },
  denied: failRequests,
  closed: (turn, id) => {
    failRequests(turn, id, clientClosed);
  },
};
