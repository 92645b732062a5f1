// When the store is updated, by the browser's own frames.
import { afterEach, expect, test, vi } from 'vitest';
import { onFrame } from '../../src/client/edge/frame.js';
import { chat } from '../support/server/rooms.js';
import { clientFor, startServer, until } from './page.js';

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  Reflect.deleteProperty(document, 'visibilityState');
});

/** Frames that come when the test says so. */
function heldFrames(): { readonly next: () => void } {
  let held: FrameRequestCallback[] = [];
  vi.spyOn(window, 'requestAnimationFrame').mockImplementation((call) => held.push(call));
  return {
    next() {
      const due = held;
      held = [];
      for (const call of due) call(performance.now());
    },
  };
}

test("a call waits for the browser's next frame", async () => {
  const frames = vi.spyOn(window, 'requestAnimationFrame');
  const call = vi.fn<() => void>();
  onFrame(call);
  await Promise.resolve();
  expect(call).not.toHaveBeenCalled();
  await until(() => {
    expect(call).toHaveBeenCalledTimes(1);
  });
  expect(frames).toHaveBeenCalledTimes(1);
});

test('a frame that does not come is replaced by a timer, and a late one is ignored', () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const frames = heldFrames();
  const call = vi.fn<() => void>();
  onFrame(call);
  vi.advanceTimersByTime(99);
  expect(call).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(call).toHaveBeenCalledTimes(1);
  frames.next();
  expect(call).toHaveBeenCalledTimes(1);
});

test('a frame that comes leaves no timer behind', () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const frames = heldFrames();
  const call = vi.fn<() => void>();
  onFrame(call);
  frames.next();
  expect(call).toHaveBeenCalledTimes(1);
  expect(vi.getTimerCount()).toBe(0);
});

test('a hidden page, which gets no frames, is updated at the end of the turn', async () => {
  Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => 'hidden' });
  const frames = vi.spyOn(window, 'requestAnimationFrame');
  const call = vi.fn<() => void>();
  onFrame(call);
  expect(call).not.toHaveBeenCalled();
  await Promise.resolve();
  expect(call).toHaveBeenCalledTimes(1);
  expect(frames).not.toHaveBeenCalled();
});

test('a client updates its store by frames, and by microtasks where it is told to', async () => {
  const { url } = await startServer();
  const requested = vi.spyOn(window, 'requestAnimationFrame');
  const requestedFor = async (
    flush: 'frame' | 'microtask',
  ): Promise<{ readonly frames: number; readonly updates: number }> => {
    const client = clientFor(url, 'ada', { flush });
    const before = requested.mock.calls.length;
    let updates = 0;
    client.store.subscribe(() => {
      updates++;
    });
    const room = client.room(chat, { id: '1' });
    client.connect();
    await until(() => {
      expect([room.status, updates > 0]).toEqual(['joined', true]);
    });
    const frames = requested.mock.calls.length - before;
    // One that is still there would be heard among the requests of the next.
    client.close();
    return { frames, updates };
  };
  const byFrame = await requestedFor('frame');
  expect(byFrame.updates).toBeGreaterThan(0);
  expect(byFrame.frames).toBeGreaterThanOrEqual(byFrame.updates);
  const byMicrotask = await requestedFor('microtask');
  expect(byMicrotask.updates).toBeGreaterThan(0);
  expect(byMicrotask.frames).toBe(0);
});
