// Lists of messages: who asked for them, what a batch from the log does to them, and what history fills in. Copies once a batch, whatever it holds.
import type { List, Message, Room } from '../model/state.js';
import { edit, type Turn } from '../model/draft.js';

/** Every type. */
export const everyType = '*';

/** The most messages a list is allowed to hold, however far back somebody scrolled. */
const mostMessages = 10_000;

const fitting = (key: string, messages: readonly Message[]): readonly Message[] =>
  key === everyType ? messages : messages.filter(({ type }) => type === key);

/** A list that holds the newest `most` of these, and says what is older than they are. */
function bounded(
  list: List,
  all: readonly Message[],
  most: number,
  { hasOlder, oldest }: Pick<List, 'hasOlder' | 'oldest'>,
): List {
  const messages = all.slice(-most);
  const cut = all.length > most;
  return {
    ...list,
    messages,
    hasOlder: cut || hasOlder,
    oldest: cut ? (messages[0] as Message).offset : oldest,
  };
}

const mapLists = (lists: Room['lists'], change: (list: List, key: string) => List): Room['lists'] =>
  new Map(Array.from(lists, ([key, list]) => [key, change(list, key)]));

/** Appends a batch that follows what the lists hold: the newest `limit` are kept, and more where older ones were loaded on purpose. */
export function appended(lists: Room['lists'], batch: readonly Message[]): Room['lists'] {
  return mapLists(lists, (list, key) => {
    const mine = fitting(key, batch);
    if (mine.length === 0) return list;
    return bounded(
      list,
      [...list.messages, ...mine],
      list.loading ? mostMessages : Math.max(list.limit, Math.min(mostMessages, list.messages.length)),
      list,
    );
  });
}

/** Starts every list anew from the newest part of the log. */
export const replaced = (
  lists: Room['lists'],
  messages: readonly Message[],
  older: Pick<List, 'hasOlder' | 'oldest'>,
  gap: List['gap'],
): Room['lists'] =>
  mapLists(lists, (list, key) => ({
    ...bounded(list, fitting(key, messages), list.limit, older),
    loading: false,
    gap,
  }));

/** Puts an answer to a history request in front of a list. */
export function prepended(
  list: List,
  key: string,
  page: readonly Message[],
  older: Pick<List, 'hasOlder' | 'oldest'>,
): List {
  const first = list.messages[0]?.offset ?? Infinity;
  return bounded(
    { ...list, loading: false },
    [...fitting(key, page).filter(({ offset }) => (offset ?? Infinity) < first), ...list.messages],
    mostMessages,
    older,
  );
}

/** Changes one list; null forgets it. */
export function setList(turn: Turn, room: Room, key: string, list: List | null): void {
  const draft = edit(turn, room);
  const lists = new Map(draft.lists);
  if (list) lists.set(key, list);
  else lists.delete(key);
  draft.lists = lists;
}

/** Counts a user of a list. True where it is a new one that history must fill: no join is to come that brings all of it. */
export function retainList(turn: Turn, room: Room, key: string, limit: number): boolean {
  const list = room.lists.get(key);
  const whole = room.lists.get(everyType);
  const empty: List = {
    users: 0,
    limit,
    messages: [],
    hasOlder: false,
    oldest: null,
    loading: false,
    gap: null,
  };
  const known = list ?? (whole ? bounded(empty, fitting(key, whole.messages), limit, whole) : empty);
  setList(turn, room, key, { ...known, users: known.users + 1, limit: Math.max(known.limit, limit) });
  if (list || room.phase.status === 'left') return false;
  return whole && !whole.loading
    ? whole.hasOlder && known.messages.length < limit
    : room.position !== null || room.phase.status === 'joining';
}

export function releaseList(turn: Turn, room: Room, key: string): void {
  const list = room.lists.get(key);
  if (!list) return;
  setList(turn, room, key, list.users > 1 ? { ...list, users: list.users - 1 } : null);
  // What it asked for is no news to the next list of this name, which begins elsewhere.
  if (list.users <= 1) edit(turn, room).requests = room.requests.filter((it) => it.list !== key);
}
