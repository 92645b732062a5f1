// Reading a room's log back: requests, until they are answered, fail or are given up.
import type { ServerFrame } from '../../../protocol/frames.js';
import { readAll, roomOf } from './room.js';
import type { Failure, HistoryRequest, Room } from '../model/state.js';
import { prepended, setList } from './lists.js';
import { ask, edit, type Turn } from '../model/draft.js';

/** Takes a request in, or refuses it. A list goes on behind what it looked through, and one that is loading already does not load twice. */
export function request(
  turn: Turn,
  id: string,
  { ref, before, limit, list }: Omit<HistoryRequest, 'sentOn'>,
  refused: Failure | null,
): void {
  if (refused) {
    if (list === null) ask(turn, { type: 'history', ref, outcome: refused });
    return;
  }
  const room = roomOf(turn, id);
  const filled = list === null ? null : room.lists.get(list);
  if (list !== null) {
    if (!filled || filled.loading) return;
    setList(turn, room, list, { ...filled, loading: true });
  }
  edit(turn, room).requests = [
    ...room.requests,
    { ref, before: filled ? filled.oldest : before, limit, list, sentOn: 0 },
  ];
}

/** The room whose request this is. */
export function asker({ state }: Turn, ref: number): readonly [Room, HistoryRequest] | null {
  for (const room of state.rooms.values())
    for (const asked of room.requests) if (asked.ref === ref) return [room, asked];
  return null;
}

/** A request is over: older messages for a list, a page for whoever asked, or why there is none. A page that holds none of a list's type is looked behind. */
export function answer(
  turn: Turn,
  before: Room,
  asked: HistoryRequest,
  outcome: Extract<ServerFrame, { type: 'history' }> | Failure,
): void {
  const room = edit(turn, before);
  const failed = 'code' in outcome;
  const messages = failed ? [] : readAll(turn, room, outcome.messages);
  const list = asked.list === null ? null : room.lists.get(asked.list);
  room.requests = room.requests.filter((it) => it !== asked);
  if (asked.list === null)
    ask(turn, { type: 'history', ref: asked.ref, outcome: failed ? outcome : messages });
  else if (list && failed) setList(turn, room, asked.list, { ...list, loading: false });
  else if (list && !failed) {
    const oldest = outcome.messages[0]?.[0] ?? list.oldest;
    const filled = prepended(list, asked.list, messages, { hasOlder: outcome.more, oldest });
    const goOn =
      outcome.more &&
      filled.messages.length === list.messages.length &&
      (oldest ?? Infinity) < (asked.before ?? Infinity);
    setList(turn, room, asked.list, { ...filled, loading: goOn });
    if (goOn) room.requests = [...room.requests, { ...asked, before: oldest, sentOn: 0 }];
  }
}

/** Every request of a room is given up. */
export function giveUp(turn: Turn, room: Room, failure: Failure): void {
  for (const asked of room.requests) answer(turn, room, asked, failure);
}
