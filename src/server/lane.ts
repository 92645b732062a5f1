// Keeps one session's frames in order: the next is not looked at before the last is answered. Costs no promise where a handler answers at once.

export interface Lane<T> {
  /** False where too much waits already. */
  push(item: T): boolean;
  /** Drops what waits; what runs sees its signal aborted. */
  end(): void;
  readonly signal: AbortSignal;
}

/** Frames that may wait behind a slow handler. */
const limit = 4_096;

export function createLane<T>(run: (item: T) => void | Promise<void>, failed: (error: unknown) => void): Lane<T> {
  const controller = new AbortController();
  let waiting: T[] = [];
  let busy = false;

  const proceed = (): void => {
    busy = false;
    for (let at = 0; at < waiting.length; at++) {
      if (start(waiting[at] as T)) {
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
    push(item) {
      if (!busy) start(item);
      else if (waiting.length >= limit) return false;
      else waiting.push(item);
      return true;
    },
    end() {
      waiting = [];
      controller.abort();
    },
  };
}
