// A queue that grows at its end and shrinks at its front, inside immutable states. The states share one array, and each
// state has its own bounds in it, so that adding an item copies nothing.

export interface Queue<T> {
  /** Items outside of the bounds belong to other states. */
  readonly array: T[];
  readonly from: number;
  readonly to: number;
}

export const emptyQueue = <T>(): Queue<T> => ({ array: [], from: 0, to: 0 });
