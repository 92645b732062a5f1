// Waits for the end of this turn of the event loop, when each promise that can settle has settled.

const setImmediateNow = (globalThis as { setImmediate?: (call: () => void) => void }).setImmediate;

/** Calls after the microtasks of this turn, as soon as the platform can. */
export function soon(call: () => void): void {
  if (setImmediateNow) {
    setImmediateNow(call);
    return;
  }
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    call();
  };
  port2.postMessage(null);
}

export const macrotask = (): Promise<void> => new Promise(soon);
