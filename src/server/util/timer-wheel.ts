// One timer for the deadlines of all connections. Each item waits in the slot of its moment, and needs no
// timer of its own.
import type { SetTimer } from './set-timer.js';

export interface TimedItem {
  /** The slot in which the item waits. The wheel sets it. */
  slot: number;
}

export interface TimerWheel<T extends TimedItem> {
  /**
   * Calls `onDue` for the item at about `at`, and never before. An earlier moment of the item is forgotten.
   */
  schedule(item: T, at: number): void;
  cancel(item: T): void;
}

/** The slot of an item that waits for nothing. */
export const noSlot = -1;

/**
 * The slots after `turnedTo`, up to `current`, in which items may wait. After a long pause most slots are empty, so the
 * filled ones are looked through; otherwise the slots are counted up.
 */
function slotsPassed(
  slots: ReadonlyMap<number, unknown>,
  turnedTo: number,
  current: number,
): readonly number[] {
  const count = Math.max(0, current - turnedTo);
  if (count > slots.size) return [...slots.keys()].filter((slot) => slot <= current);
  return Array.from({ length: count }, (_, index) => turnedTo + 1 + index);
}

/** Makes a wheel. `stepMs`: how late it may ring, in ms. */
export function createTimerWheel<T extends TimedItem>(
  stepMs: number,
  { now, setTimer }: { readonly now: () => number; readonly setTimer: SetTimer },
  onDue: (item: T) => void,
): TimerWheel<T> {
  const slots = new Map<number, Set<T>>();
  let turnedTo = Math.floor(now() / stepMs);
  let isArmed = false;

  const armTimer = (): void => {
    if (isArmed || slots.size === 0) return;
    isArmed = true;
    setTimer(stepMs, turnWheel);
  };

  function turnWheel(): void {
    isArmed = false;
    const current = Math.floor(now() / stepMs);
    const passedSlots = slotsPassed(slots, turnedTo, current);
    turnedTo = current;
    for (const slot of passedSlots) {
      const items = slots.get(slot);
      slots.delete(slot);
      for (const item of items ?? []) {
        item.slot = noSlot;
        onDue(item);
      }
    }
    armTimer();
  }

  const cancel = (item: T): void => {
    if (item.slot === noSlot) return;
    const items = slots.get(item.slot);
    items?.delete(item);
    if (items?.size === 0) slots.delete(item.slot);
    item.slot = noSlot;
  };

  return {
    schedule(item, at) {
      cancel(item);
      if (at === Infinity) return;
      item.slot = Math.max(turnedTo + 1, Math.ceil(at / stepMs));
      const items = slots.get(item.slot);
      if (items) items.add(item);
      else slots.set(item.slot, new Set([item]));
      armTimer();
    },
    cancel,
  };
}
