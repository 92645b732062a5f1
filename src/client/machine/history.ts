// Reading a room's log back: requests, until they are answered, fail or are given up.
import type { ServerFrame } from '../../protocol/frames.js';
import type { Context } from './context.js';
import type { Effect } from './effects.js';
import { readAll, type RoomChange } from './room.js';
import type { Failure, HistoryRequest, Room } from './state.js';
import { prepended } from './timeline.js';

/** Takes a request in; a list that is loading already does not load twice. */
export function requested(room: Room, request: Omit<HistoryRequest, 'sentOn'>): Room {
  const requests = [...room.requests, { ...request, sentOn: 0 }];
  if (request.list === null) return { ...room, requests };
  const list = room.lists.get(request.list);
  if (!list || list.loading) return room;
  return { ...room, requests, lists: new Map(room.lists).set(request.list, { ...list, loading: true }) };
}

/** Every request of a room is given up: whoever waits for one is told why. */
export function unanswered(room: Room, failure: Failure): RoomChange {
  if (room.requests.length === 0) return [room, []];
  const lists = new Map(Array.from(room.lists, ([key, list]) => [key, list.loading ? { ...list, loading: false } : list] as const));
  const effects = room.requests.flatMap(({ ref, list }): Effect[] => (list === null ? [{ type: 'history', ref, outcome: failure }] : []));
  return [{ ...room, requests: [], lists }, effects];
}

/** An answer to a request for history: older messages for a list, or a page for whoever asked. */
export function historyAnswered(room: Room, frame: Extract<ServerFrame, { type: 'history' }>, context: Context): RoomChange {
  const request = room.requests.find(({ ref }) => ref === frame.ref);
  if (!request) return [room, []];
  const [messages, reports] = readAll(room, frame.messages, context);
  const next: Room = { ...room, requests: room.requests.filter((it) => it !== request) };
  if (request.list === null) return [next, [...reports, { type: 'history', ref: frame.ref, outcome: messages }]];
  const list = room.lists.get(request.list);
  if (!list) return [next, reports];
  return [{ ...next, lists: new Map(room.lists).set(request.list, prepended(list, request.list, messages, frame.more)) }, reports];
}

export function historyFailed(room: Room, ref: number, failure: Failure): RoomChange {
  const request = room.requests.find((it) => it.ref === ref);
  if (!request) return [room, []];
  const next: Room = { ...room, requests: room.requests.filter((it) => it !== request) };
  if (request.list === null) return [next, [{ type: 'history', ref, outcome: failure }]];
  const list = room.lists.get(request.list);
  return [list ? { ...next, lists: new Map(room.lists).set(request.list, { ...list, loading: false }) } : next, [{ type: 'report', room: room.id, failure }]];
}
