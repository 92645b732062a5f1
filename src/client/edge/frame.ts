// When the store is updated: on the microtask, or on the next frame.

export type Schedule = (call: () => void) => void;

export const onMicrotask: Schedule = (call) => {
  queueMicrotask(call);
};

/** The next animation frame while the page is seen; a microtask otherwise, since frames stop in a hidden page. A worker has frames and no page. */
export const onFrame: Schedule = (call) => {
  const isHidden = typeof document !== 'undefined' && document.visibilityState === 'hidden';
  if (isHidden || typeof requestAnimationFrame !== 'function') {
    queueMicrotask(call);
    return;
  }
  let done = false;
  const once = (): void => {
    if (done) return;
    done = true;
    clearTimeout(late);
    call();
  };
  // A page that is hidden before the frame comes gets none.
  const late = setTimeout(once, 100);
  requestAnimationFrame(once);
};
