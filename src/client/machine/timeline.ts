// Lists of messages: what a batch from the log does to them, and what history fills in. Copies once a batch, whatever it holds.
import type { List, Message } from './state.js';

/** Every type. */
export const everyType = '*';

/** The most messages a list is allowed to hold, however far back somebody scrolled. */
const mostMessages = 10_000;

const fits = (key: string) => (message: Message): boolean => key === everyType || message.type === key;

function mapLists(lists: ReadonlyMap<string, List>, change: (list: List, key: string) => List): ReadonlyMap<string, List> {
  let next: Map<string, List> | null = null;
  for (const [key, list] of lists) {
    const changed = change(list, key);
    if (changed !== list) (next ??= new Map(lists)).set(key, changed);
  }
  return next ?? lists;
}

/** The newest `limit`, and more where older ones were loaded on purpose. */
function bounded(list: List, messages: readonly Message[]): Pick<List, 'messages' | 'hasOlder'> {
  const room = Math.max(list.limit, Math.min(mostMessages, list.messages.length));
  return messages.length > room ? { messages: messages.slice(-room), hasOlder: true } : { messages, hasOlder: list.hasOlder };
}

/** Appends a batch that follows what the lists hold. */
export function appended(lists: ReadonlyMap<string, List>, batch: readonly Message[]): ReadonlyMap<string, List> {
  return mapLists(lists, (list, key) => {
    const mine = batch.filter(fits(key));
    return mine.length ? { ...list, ...bounded(list, [...list.messages, ...mine]) } : list;
  });
}

/** Starts every list anew from the newest part of the log. */
export function replaced(lists: ReadonlyMap<string, List>, messages: readonly Message[], hasOlder: boolean, gap: List['gap']): ReadonlyMap<string, List> {
  return mapLists(lists, (list, key) => ({ ...list, messages: messages.filter(fits(key)).slice(-list.limit), hasOlder, loading: false, gap }));
}

/** Puts an answer to a history request in front of a list. */
export function prepended(list: List, key: string, page: readonly Message[], hasOlder: boolean): List {
  const first = list.messages[0]?.offset ?? Infinity;
  const older = page.filter((message) => fits(key)(message) && (message.offset ?? Infinity) < first);
  return { ...list, messages: older.length ? [...older, ...list.messages].slice(-mostMessages) : list.messages, hasOlder, loading: false };
}
