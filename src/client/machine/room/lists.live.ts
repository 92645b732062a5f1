// What happens to lists while the room is joined: new messages behind, older messages in front, a new start.
import { draftPart } from '../model/draft.js';
import type { Message } from '../model/message.js';
import type { List } from '../model/room-state.js';
import type { Turn } from '../model/slice.js';
import { cutList, ofType, type Older } from './lists.js';

/** The messages that a list can hold, however far back somebody scrolled. */
const maxListMessages = 10_000;

function changeLists(turn: Turn, id: string, change: (list: List, type: string) => List): void {
  const draft = draftPart(turn, id, 'lists');
  draft.byType = new Map(Array.from(draft.byType, ([type, list]) => [type, change(list, type)]));
}

/**
 * Appends messages that follow those of the lists. A list keeps its newest `limit`, or more if the app asked for
 * older ones.
 */
export function appendToLists(turn: Turn, id: string, batch: readonly Message[]): void {
  changeLists(turn, id, (list, type) => {
    const added = ofType(type, batch);
    if (added.length === 0) return list;
    const max = list.loading
      ? maxListMessages
      : Math.max(list.limit, Math.min(maxListMessages, list.messages.length));
    return cutList(list, [...list.messages, ...added], max, list);
  });
}

/** Starts every list anew, with the newest part of the log. */
export function restartLists(
  turn: Turn,
  id: string,
  messages: readonly Message[],
  older: Older,
  gap: List['gap'],
): void {
  changeLists(turn, id, (list, type) => ({
    ...cutList(list, ofType(type, messages), list.limit, older),
    loading: false,
    gap,
  }));
}

/** Puts older messages in front of a list. */
export function prependPage(list: List, type: string, page: readonly Message[], older: Older): List {
  const first = list.messages[0]?.offset ?? Infinity;
  const added = ofType(type, page).filter(({ offset }) => (offset ?? Infinity) < first);
  return cutList({ ...list, loading: false }, [...added, ...list.messages], maxListMessages, older);
}
