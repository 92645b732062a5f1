// What is done with a shared queue: adding at its end, and removing at its front.
import type { Queue } from './shared-queue.js';

export const queueSize = ({ from, to }: Queue<unknown>): number => to - from;

export const queueItems = <T>({ array, from, to }: Queue<T>): readonly T[] => array.slice(from, to);

/**
 * The queue with one more item at its end. The array is copied in two cases: a later state has added an item already,
 * or the part in front of the bounds is larger than the queue.
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
