// One timer for every deadline of every connection, in steps: a connection has one moment that matters, and no timer of its own.
import type { SetTimer } from './set-timer.js';

export interface Timed {
  /** The step this waits in, kept by the wheel. */
  slot: number;
}

export interface Wheel<T extends Timed> {
  /** Calls `due` for `item` at about `at`, never before. Replaces an earlier moment. */
  schedule(item: T, at: number): void;
  cancel(item: T): void;
}

/** A slot of an item that waits for nothing. */
export const nowhere = -1;

/** `step`: how late it may ring, in ms. */
export function createWheel<T extends Timed>(
  step: number,
  { now, after }: { readonly now: () => number; readonly after: SetTimer },
  due: (item: T) => void,
): Wheel<T> {
  const slots = new Map<number, Set<T>>();
  let turned = Math.floor(now() / step);
  let armed = false;

  const arm = (): void => {
    if (armed || slots.size === 0) return;
    armed = true;
    after(step, turn);
  };

  function turn(): void {
    armed = false;
    const current = Math.floor(now() / step);
    const passed =
      current - turned > slots.size
        ? [...slots.keys()].filter((slot) => slot <= current)
        : Array.from({ length: Math.max(0, current - turned) }, (_, index) => turned + 1 + index);
    turned = current;
    for (const slot of passed) {
      const items = slots.get(slot);
      slots.delete(slot);
      for (const item of items ?? []) {
        item.slot = nowhere;
        due(item);
      }
    }
    arm();
  }

  const cancel = (item: T): void => {
    if (item.slot === nowhere) return;
    const items = slots.get(item.slot);
    items?.delete(item);
    if (items?.size === 0) slots.delete(item.slot);
    item.slot = nowhere;
  };

  return {
    schedule(item, at) {
      cancel(item);
      if (at === Infinity) return;
      item.slot = Math.max(turned + 1, Math.ceil(at / step));
      const items = slots.get(item.slot);
      if (items) items.add(item);
      else slots.set(item.slot, new Set([item]));
      arm();
    },
    cancel,
  };
}
