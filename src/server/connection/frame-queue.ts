// The frames of one connection, handled in order. The next frame starts once the one before it is answered,
// or is on its way to the broker (messages/pipelining.ts). A handler that answers at once costs no promise.
import { maxFlight, maxFlightBytes } from '../../protocol/limits.js';

export interface FrameQueue<T> {
  /**
   * Handles an item now or later. `bytes`: its size while it waits. Returns false if too much waits already.
   */
  push(item: T, bytes: number): boolean;
  /** Drops the items that wait. The handler that runs checks `isEnded` after each of its steps. */
  end(): void;
  readonly isEnded: boolean;
  /** Whether an item that is pushed now would wait. */
  readonly isBusy: boolean;
}

/** The handler of a queue's items. */
export interface FrameHandler<T> {
  run(item: T): void | Promise<void>;
  /** Whether an item may wait, beside the bounds of the queue. Absent means that it may. */
  mayWait?(item: T): boolean;
  failed(error: unknown): void;
}

/**
 * The frames that may wait behind a slow handler: as many as a client may leave unacknowledged, and ample
 * room for others.
 */
const maxWaitingFrames = 4 * maxFlight;
/**
 * The bytes of frames that may wait. A frame that passes the bound still waits: it may be larger by itself.
 */
const maxWaitingBytes = 2 * maxFlightBytes;

interface WaitingFrame<T> {
  readonly item: T;
  readonly bytes: number;
}

// A class, like everything that each of ten thousand idle connections has: methods of its own, or an
// `AbortController`, would cost each of them a kilobyte.
class OrderedFrameQueue<T> implements FrameQueue<T> {
  isEnded = false;
  private waiting: WaitingFrame<T>[] | null = null;
  private waitingBytes = 0;
  isBusy = false;
  private readonly handler: FrameHandler<T>;

  constructor(work: FrameHandler<T>) {
    this.handler = work;
  }

  push(item: T, bytes: number): boolean {
    if (!this.isBusy) {
      this.start(item);
      return true;
    }
    this.waiting ??= [];
    if (
      this.waiting.length >= maxWaitingFrames ||
      this.waitingBytes >= maxWaitingBytes ||
      this.handler.mayWait?.(item) === false
    )
      return false;
    this.waitingBytes += bytes;
    this.waiting.push({ item, bytes });
    return true;
  }

  end(): void {
    this.waiting = null;
    this.isEnded = true;
  }

  /** Starts an item. Returns whether it is not finished yet. */
  private start(item: T): boolean {
    if (this.isEnded) return false;
    let pending: void | Promise<void>;
    try {
      pending = this.handler.run(item);
    } catch (error) {
      this.handler.failed(error);
      return false;
    }
    if (!(pending instanceof Promise)) return false;
    this.isBusy = true;
    const proceed = (): void => {
      this.proceed();
    };
    pending
      .catch((error: unknown) => {
        this.handler.failed(error);
      })
      .then(proceed, proceed);
    return true;
  }

  private proceed(): void {
    this.isBusy = false;
    const waiting = this.waiting ?? [];
    for (let index = 0; index < waiting.length; index++) {
      const { item, bytes } = waiting[index] as WaitingFrame<T>;
      this.waitingBytes -= bytes;
      if (!this.start(item)) continue;
      this.waiting = waiting.slice(index + 1);
      return;
    }
    this.waiting = null;
  }
}

export function createFrameQueue<T>(work: FrameHandler<T>): FrameQueue<T> {
  return new OrderedFrameQueue(work);
}
