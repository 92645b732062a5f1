// A queue that grows at its end and shrinks at its front, in states that never change: they share one array, each with bounds of its own, so that nothing is copied to add one.

export interface Queue<T> {
  /** Whatever is outside the bounds belongs to other states. */
  readonly array: T[];
  readonly from: number;
  readonly to: number;
}

export const emptyQueue = <T>(): Queue<T> => ({ array: [], from: 0, to: 0 });

export const sizeOf = ({ from, to }: Queue<unknown>): number => to - from;

export const itemsOf = <T>({ array, from, to }: Queue<T>): readonly T[] => array.slice(from, to);

/** With one more at its end. A state that is not the newest gets an array of its own, and so does one that let go of most. */
export function pushed<T>(queue: Queue<T>, item: T): Queue<T> {
  const { array, from, to } = queue;
  if (array.length > to || from > sizeOf(queue))
    return pushed({ array: array.slice(from, to), from: 0, to: to - from }, item);
  return { array, from, to: array.push(item) };
}

/** Without those at its front that `isOver`. */
export function shortened<T>(queue: Queue<T>, isOver: (item: T, size: number) => boolean): Queue<T> {
  let { from } = queue;
  const { array, to } = queue;
  while (from < to && isOver(array[from] as T, to - from)) from++;
  return from === queue.from ? queue : { array, from, to };
}
