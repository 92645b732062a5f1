// Keeps one session's frames in order: the next is not looked at before the last is answered, or is on its way to the broker (flying.ts). Costs no promise where a handler answers at once.
import { maxFlight, maxFlightBytes } from '../../protocol/limits.js';

export interface Lane<T> {
  /** `bytes`: what it costs while it waits. False where too much waits already. */
  push(item: T, bytes: number): boolean;
  /** Drops what waits; what runs looks at `ended` after each of its steps. */
  end(): void;
  readonly ended: boolean;
  /** Whether what is pushed now would wait. */
  readonly busy: boolean;
}

/** What a lane is for. */
export interface Work<T> {
  run(item: T): void | Promise<void>;
  /** Whether an item may wait, beside the bounds of the lane. Default: it may. */
  mayWait?(item: T): boolean;
  failed(error: unknown): void;
}

/** Frames that may wait behind a slow handler: what a client leaves unacknowledged, and ample room for its other frames. */
const limit = 4 * maxFlight;
/** Bytes of them. The frame that passes this still waits: one alone may be larger, where the server's limit allows it. */
const byteLimit = 2 * maxFlightBytes;

interface Waiting<T> {
  readonly item: T;
  readonly bytes: number;
}

// A class, as of everything that each of ten thousand idle connections has: methods of its own, and an AbortController, cost each a kilobyte.
class FrameLane<T> implements Lane<T> {
  ended = false;
  private waiting: Waiting<T>[] | null = null;
  private waitingBytes = 0;
  busy = false;
  private readonly work: Work<T>;

  constructor(work: Work<T>) {
    this.work = work;
  }

  push(item: T, bytes: number): boolean {
    if (!this.busy) {
      this.start(item);
      return true;
    }
    this.waiting ??= [];
    if (this.waiting.length >= limit || this.waitingBytes >= byteLimit || this.work.mayWait?.(item) === false)
      return false;
    this.waitingBytes += bytes;
    this.waiting.push({ item, bytes });
    return true;
  }

  end(): void {
    this.waiting = null;
    this.ended = true;
  }

  /** Whether it is still at it. */
  private start(item: T): boolean {
    if (this.ended) return false;
    let running: void | Promise<void>;
    try {
      running = this.work.run(item);
    } catch (error) {
      this.work.failed(error);
      return false;
    }
    if (!(running instanceof Promise)) return false;
    this.busy = true;
    const proceed = (): void => {
      this.proceed();
    };
    running
      .catch((error: unknown) => {
        this.work.failed(error);
      })
      .then(proceed, proceed);
    return true;
  }

  private proceed(): void {
    this.busy = false;
    const waiting = this.waiting ?? [];
    for (let at = 0; at < waiting.length; at++) {
      const { item, bytes } = waiting[at] as Waiting<T>;
      this.waitingBytes -= bytes;
      if (!this.start(item)) continue;
      this.waiting = waiting.slice(at + 1);
      return;
    }
    this.waiting = null;
  }
}

export function createLane<T>(work: Work<T>): Lane<T> {
  return new FrameLane(work);
}
