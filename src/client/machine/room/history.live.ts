// Requests for older entries of a room's log: each is answered, fails, or is given up.
import { draftPart, emit, roomOf } from '../model/draft.js';
import type { FrameOf, Slice, Turn } from '../model/slice.js';
import type { HistoryRequest } from '../model/room-state.js';
import { removeRequest, setList } from './lists.js';
import { prependPage } from './lists.live.js';
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

/** Ends a request with a page: for a list, or for a room handle. */
function answerRequest(turn: Turn, id: string, request: HistoryRequest, frame: FrameOf<'history'>): void {
  removeRequest(turn, id, request);
  if (request.list !== null) return fillList(turn, id, request, frame);
  emit(turn, { type: 'history', ref: request.ref, outcome: toMessages(turn, id, frame.messages) });
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
