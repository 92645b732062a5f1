// A queue that grows at its end and shrinks at its front, inside immutable states. The states share one array, and each
// state has its own bounds in it, so that adding an item copies nothing.

export interface Queue<T> {
  /** Items outside of the bounds belong to other states. */
  readonly array: T[];
  readonly from: number;
  readonly to: number;
}

export const emptyQueue = <T>(): Queue<T> => ({ array: [], from: 0, to: 0 });

export const queueSize = ({ from, to }: Queue<unknown>): number => to - from;

export const queueItems = <T>({ array, from, to }: Queue<T>): readonly T[] => array.slice(from, to);

/**
 * The queue with one more item at its end. The array is copied in two cases: a later state has added an item already,
 * or
 * the part in front of the bounds is larger than the queue.
 */
export function append<T>(queue: Queue<T>, item: T): Queue<T> {
  const { array, from, to } = queue;
  if (array.length > to || from > queueSize(queue))
    return append({ array: array.slice(from, to), from: 0, to: to - from }, item);
  return { array, from, to: array.push(item) };
}

/** The queue without the items at its front for which `isOver` is true. */
export function removeFront<T>(queue: Queue<T>, isOver: (item: T, size: number) => boolean): Queue<T> {
  let { from } = queue;
  const { array, to } = queue;
  while (from < to && isOver(array[from] as T, to - from)) from++;
  return from === queue.from ? queue : { array, from, to };
}
