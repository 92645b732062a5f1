// Schedules updates of the store: on a microtask, or in the next animation frame.

export type Schedule = (call: () => void) => void;

/** How long to wait for a frame, in ms. */
const frameTimeoutMs = 100;

export const onMicrotask: Schedule = (call) => {
  queueMicrotask(call);
};

/**
 * Calls in the next animation frame. In a hidden page, where frames stop, it calls on a microtask. A worker has
 * frames and no page.
 */
export const onFrame: Schedule = (call) => {
  const isHidden = typeof document !== 'undefined' && document.visibilityState === 'hidden';
  if (isHidden || typeof requestAnimationFrame !== 'function') {
    queueMicrotask(call);
    return;
  }
  let isCalled = false;
  const once = (): void => {
    if (isCalled) return;
    isCalled = true;
    clearTimeout(fallback);
    call();
  };
  // A page that becomes hidden before the frame gets none.
  const fallback = setTimeout(once, frameTimeoutMs);
  requestAnimationFrame(once);
};
