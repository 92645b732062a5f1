// Requests for older entries of a room's log: each is answered, fails, or is given up.
import { draftPart, emit, roomOf } from '../model/draft.js';
import type { FrameOf, Slice, Turn } from '../model/slice.js';
import { clientClosed } from '../model/failures.js';
import type { HistoryRequest } from '../model/room-state.js';
import type { Failure } from '../model/message.js';
import { prependPage, setList } from './lists.js';
import { toMessages } from './log.live.js';

/** The request of a number, and the id of its room. */
export function requestOf({ state }: Turn, ref: number): readonly [string, HistoryRequest] | null {
  for (const { id, lists } of state.rooms.values())
    for (const request of lists.requests) if (request.ref === ref) return [id, request];
  return null;
}

/** Puts an answer into a list. If the page holds no message of the list's type, the page before it is asked for. */
function fillList(turn: Turn, id: string, request: HistoryRequest, frame: FrameOf<'history'>): void {
  const type = request.list ?? '';
  const list = roomOf(turn, id).lists.byType.get(type);
  const messages = toMessages(turn, id, frame.messages);
  if (!list) return;
  const oldest = frame.messages[0]?.[0] ?? list.oldest;
  const filled = prependPage(list, type, messages, { hasOlder: frame.more, oldest });
  const goesBack = (oldest ?? Infinity) < (request.before ?? Infinity);
  const asksOn = frame.more && filled.messages.length === list.messages.length && goesBack;
  setList(turn, id, type, { ...filled, loading: asksOn });
  if (!asksOn) return;
  const draft = draftPart(turn, id, 'lists');
  draft.requests = [...draft.requests, { ...request, before: oldest, sentOn: null }];
}

/** Ends a request: with a page for a list or for a room handle, or with a failure. */
export function answerRequest(
  turn: Turn,
  id: string,
  request: HistoryRequest,
  outcome: FrameOf<'history'> | Failure,
): void {
  const draft = draftPart(turn, id, 'lists');
  draft.requests = draft.requests.filter((other) => other !== request);
  const { ref, list: type } = request;
  if ('code' in outcome) {
    if (type === null) return emit(turn, { type: 'history', ref, outcome });
    const list = draft.byType.get(type);
    if (list) setList(turn, id, type, { ...list, loading: false });
  } else if (type === null)
    emit(turn, { type: 'history', ref, outcome: toMessages(turn, id, outcome.messages) });
  else fillList(turn, id, request, outcome);
}

/** Ends every request of a room. */
function failRequests(turn: Turn, id: string, failure: Failure): void {
  for (const request of roomOf(turn, id).lists.requests) answerRequest(turn, id, request, failure);
}

function markUnsent(turn: Turn, id: string): void {
  const draft = draftPart(turn, id, 'lists');
  draft.requests = draft.requests.map((request) => ({ ...request, sentOn: null }));
}

export const history: Slice = {
  frames: {
    history: (turn, frame) => {
      const found = requestOf(turn, frame.ref);
      if (found) answerRequest(turn, ...found, frame);
    },
  },
  joining: markUnsent,
  connectionLost: markUnsent,
  denied: failRequests,
  closed: (turn, id) => {
    failRequests(turn, id, clientClosed);
  },
  reconcile: (turn, room, { live, frames }) => {
    const { requests } = roomOf(turn, room).lists;
    if (!requests.some(({ sentOn }) => sentOn === null)) return;
    for (const { ref, before, limit, sentOn } of requests) {
      if (sentOn !== null) continue;
      const page = Math.min(limit, turn.state.limits.history);
      frames.push({ type: 'history', ref, room, before, limit: page });
    }
    draftPart(turn, room, 'lists').requests = requests.map((request) => ({
      ...request,
      sentOn: live.attempt,
    }));
  },
};
