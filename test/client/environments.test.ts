// The client where there is no page: in a worker, in React Native, and on clocks that stand still.
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createClient } from '../../src/client/index.js';
import { systemClock } from '../../src/client/edge/clock.js';
import { onFrame } from '../../src/client/edge/frame.js';
import { randomId } from '../../src/client/edge/ids.js';
import { browserSignals, type Signal } from '../../src/client/edge/signals.js';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** A socket that never opens. */
class SilentSocket extends EventTarget {
  readonly readyState = 0;
  binaryType = '';
  send(): void {
    throw new Error('not open');
  }
  close(): void {
    this.dispatchEvent(new Event('close'));
  }
}

/** What an engine has, by name; undefined where it lacks it. */
const engines: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'a worker': {
    requestAnimationFrame: (call: () => void) => setTimeout(call),
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
    navigator: { onLine: true },
  },
  'React Native': {
    window: globalThis,
    requestAnimationFrame: (call: () => void) => setTimeout(call),
    navigator: { product: 'ReactNative' },
  },
  'an engine without weak references': { WeakRef: undefined, FinalizationRegistry: undefined },
};

describe.each(Object.keys(engines))('in %s', (engine) => {
  test('a client connects, queues and closes', async () => {
    for (const [name, value] of Object.entries(engines[engine] ?? {})) vi.stubGlobal(name, value);
    const client = createClient({ url: 'ws://127.0.0.1:1/realtime', WebSocket: SilentSocket });
    client.connect();
    const room = client.room('lobby');
    const sent = room.send('post', 1);
    await vi.waitFor(() => {
      expect(client.store.getState().outbox.pending).toHaveLength(1);
    });
    expect(client.room('lobby')).toBe(room);
    client.close();
    await expect(sent).rejects.toMatchObject({ code: 'closed' });
  });
});

test('in a worker the network is heard of, and no page', () => {
  const scope = new EventTarget();
  vi.stubGlobal('addEventListener', scope.addEventListener.bind(scope));
  vi.stubGlobal('navigator', { onLine: false });
  for (const name of ['online', 'offline']) scope.addEventListener(name, () => undefined);
  const heard: Signal[] = [];
  browserSignals((signal) => {
    heard.push(signal);
  })();
  expect(heard).toEqual(['offline']);
});

test.each([
  ['visible', 1],
  ['hidden', 0],
])(
  'a store is updated on a frame where the page is %s, and without a page on one as well',
  async (state, frames) => {
    let asked = 0;
    vi.stubGlobal('requestAnimationFrame', (call: () => void) => {
      asked++;
      call();
    });
    vi.stubGlobal('document', { visibilityState: state });
    await new Promise<void>((resolve) => {
      onFrame(resolve);
    });
    expect(asked).toBe(frames);
    vi.stubGlobal('document', undefined);
    await new Promise<void>((resolve) => {
      onFrame(resolve);
    });
    expect(asked).toBe(frames + 1);
  },
);

test('where there is no source of random bytes, the error says what to import', async () => {
  vi.resetModules();
  vi.stubGlobal('crypto', undefined);
  const fresh = await import('../../src/client/edge/ids.js');
  expect(() => fresh.randomId(12)).toThrow('react-native-get-random-values');
  expect(() => randomId(12)).not.toThrow(TypeError);
});

describe('the clock', () => {
  test.each([
    ['is pinned', 0],
    ['is set back by an hour', -3_600_000],
    ['is set back by a year', -31_536_000_000],
  ])('goes on where the date %s', (_name, by) => {
    const before = systemClock.now();
    vi.useFakeTimers({ toFake: ['Date'], now: before + by });
    const began = performance.now();
    const first = systemClock.now();
    expect(first).toBeGreaterThanOrEqual(before);
    while (performance.now() < began + 3);
    expect(systemClock.now() - first).toBeGreaterThan(2);
  });

  test('goes with the date where that is ahead, as after sleep', () => {
    const before = systemClock.now();
    vi.useFakeTimers({ toFake: ['Date'], now: before + 3_600_000 });
    expect(systemClock.now() - before).toBeGreaterThan(3_599_000);
  });
});
