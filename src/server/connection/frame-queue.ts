// Keeps one session's frames in order: the next is not looked at before the last is answered, or is on its way to the broker (flying.ts). Costs no promise where a handler answers at once.
import { maxFlight, maxFlightBytes } from '../../protocol/limits.js';

export interface FrameQueue<T> {
  /** `bytes`: what it costs while it waits. False where too much waits already. */
  push(item: T, bytes: number): boolean;
  /** Drops what waits; what runs looks at `ended` after each of its steps. */
  end(): void;
  readonly isEnded: boolean;
  /** Whether what is pushed now would wait. */
  readonly isBusy: boolean;
}

/** What a lane is for. */
export interface FrameHandler<T> {
  run(item: T): void | Promise<void>;
  /** Whether an item may wait, beside the bounds of the lane. Default: it may. */
  mayWait?(item: T): boolean;
  failed(error: unknown): void;
}

/** Frames that may wait behind a slow handler: what a client leaves unacknowledged, and ample room for its other frames. */
const maxWaitingFrames = 4 * maxFlight;
/** Bytes of them. The frame that passes this still waits: one alone may be larger, where the server's limit allows it. */
const maxWaitingBytes = 2 * maxFlightBytes;

interface WaitingFrame<T> {
  readonly item: T;
  readonly bytes: number;
}

// A class, as of everything that each of ten thousand idle connections has: methods of its own, and an AbortController, cost each a kilobyte.
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

  /** Whether it is still at it. */
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
