// One attempt over HTTP, where the network answers nothing any more.
import { afterEach, expect, test, vi } from 'vitest';
import { httpConnect } from '../../src/client/edge/http.js';
import { encodeRecord, recordKinds } from '../../src/protocol/records.js';

afterEach(() => { vi.unstubAllGlobals(); });

const aborted = (signal: AbortSignal | null | undefined): Promise<never> => new Promise((_resolve, reject) => {
  signal?.addEventListener('abort', () => { reject(signal.reason instanceof Error ? signal.reason : new Error('aborted')); });
});

test('a close that nobody answers lets go of the stream all the same, and nothing is heard of it', async () => {
  let stream: AbortSignal | undefined;
  vi.stubGlobal('fetch', async (address: URL, { signal }: RequestInit) => {
    if (!address.pathname.endsWith('/stream')) return aborted(signal);
    stream = signal ?? undefined;
    const body = new ReadableStream<Uint8Array>({ start(controller) { controller.enqueue(encodeRecord(recordKinds.opened, 'roomful.v1.json\nnode')); } });
    return { ok: true, status: 200, body };
  });
  const closed: number[] = [];
  let resolve: () => void = () => undefined;
  const opened = new Promise<void>((done) => { resolve = done; });
  const link = httpConnect('ws://localhost/realtime', ['roomful.v1.json'], { opened: () => { resolve(); }, message: () => undefined, closed: (code) => { closed.push(code); } });
  await opened;
  link.send('hello');
  link.close(1000, '');
  expect(stream?.aborted).toBe(false);
  await vi.waitFor(() => { expect(stream?.aborted).toBe(true); }, { timeout: 8_000 });
  expect(closed).toEqual([]);
}, 15_000);
