// Keeps one session's frames in order: the next is not looked at before the last is answered. Costs no promise where a handler answers at once.
import { maxFlight, maxFlightBytes } from '../protocol/limits.js';

export interface Lane<T> {
  /** `bytes`: what it arrived in. False where too much waits already. */
  push(item: T, bytes: number): boolean;
  /** Drops what waits; what runs sees its signal aborted. */
  end(): void;
  readonly signal: AbortSignal;
}

/** Frames that may wait behind a slow handler: what a client leaves unacknowledged, and ample room for its other frames. */
const limit = 4 * maxFlight;
/** Bytes of them. The frame that passes this still waits: one alone may be larger, where the server's limit allows it. */
const byteLimit = 2 * maxFlightBytes;

interface Waiting<T> {
  readonly item: T;
  readonly bytes: number;
}

export function createLane<T>(run: (item: T) => void | Promise<void>, failed: (error: unknown) => void): Lane<T> {
  const controller = new AbortController();
  let waiting: Waiting<T>[] = [];
  let waitingBytes = 0;
  let busy = false;

  const proceed = (): void => {
    busy = false;
    for (let at = 0; at < waiting.length; at++) {
      const { item, bytes } = waiting[at] as Waiting<T>;
      waitingBytes -= bytes;
      if (start(item)) {
        waiting = waiting.slice(at + 1);
        return;
      }
    }
    waiting = [];
  };

  /** Whether it is still at it. */
  const start = (item: T): boolean => {
    if (controller.signal.aborted) return false;
    let running: void | Promise<void>;
    try {
      running = run(item);
    } catch (error) {
      failed(error);
      return false;
    }
    if (!(running instanceof Promise)) return false;
    busy = true;
    running.catch(failed).then(proceed, proceed);
    return true;
  };

  return {
    signal: controller.signal,
    push(item, bytes) {
      if (!busy) {
        start(item);
        return true;
      }
      if (waiting.length >= limit || waitingBytes >= byteLimit) return false;
      waitingBytes += bytes;
      waiting.push({ item, bytes });
      return true;
    },
    end() {
      waiting = [];
      controller.abort();
    },
  };
}
