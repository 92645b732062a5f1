// One attempt over HTTP: how it ends, and what a proxy may do to it.
import { afterEach, expect, test, vi } from 'vitest';
import { httpConnect } from '../../../src/client/edge/http.js';
import { encodeRecord, recordKinds } from '../../../src/protocol/records.js';
import { eventually } from '../../support/eventually.js';

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

const aborted = (signal: AbortSignal | null | undefined): Promise<never> =>
  new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => {
      reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
    });
  });

type Answer = { readonly ok: boolean; readonly status: number };
const taken: Answer = { ok: true, status: 204 };

/** A link that is open, to a server that answers requests as `send` does. */
async function opened(send: (text: string, init: RequestInit) => Answer | Promise<Answer>) {
  const closed: number[] = [];
  let stream: AbortSignal | null | undefined;
  vi.stubGlobal('fetch', async (address: URL, init: RequestInit) => {
    if (!address.pathname.endsWith('/stream')) return send(await (init.body as Blob).text(), init);
    stream = init.signal;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(encodeRecord(recordKinds.opened, 'roomful.v1.json\nnode'));
      },
    });
    return { ok: true, status: 200, body };
  });
  let resolve: () => void = () => undefined;
  const open = new Promise<void>((done) => {
    resolve = done;
  });
  const link = httpConnect('ws://localhost/realtime', ['roomful.v1.json'], {
    opened: () => {
      resolve();
    },
    message: () => undefined,
    closed: (code) => {
      closed.push(code);
    },
  });
  await open;
  return { link, closed, isLeft: () => stream?.aborted };
}

test('a close that nobody answers lets go of the stream all the same, and nothing is heard of it', async () => {
  const late = new AbortController();
  const timeouts: number[] = [];
  vi.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => {
    timeouts.push(ms);
    return late.signal;
  });
  const { link, closed, isLeft } = await opened((_text, { signal }) => aborted(signal));
  link.send('hello');
  link.close(1000, '');
  expect([isLeft(), timeouts]).toEqual([false, [5_000]]);
  late.abort();
  expect(isLeft()).toBe(true);
  expect(closed).toEqual([]);
});

test('a close leaves at once and with what waits, where it may for a page that goes', async () => {
  const heard: string[] = [];
  const { link, isLeft } = await opened((text, { keepalive, signal }) => {
    if (!keepalive) return aborted(signal);
    heard.push(text);
    return taken;
  });
  link.send('first');
  link.send('second');
  link.close(1000, 'closed by the app');
  await eventually(() => {
    expect(heard).toEqual([expect.stringMatching(/\n2\n.*second.*1000 closed by the app$/s)]);
  });
  expect(isLeft(), 'the first is under way').toBe(false);
});

test('a close behind more than a browser takes from such a page leaves piece by piece, in order', async () => {
  const heard: string[] = [];
  const { link, isLeft } = await opened((text, { keepalive, body }) => {
    if (keepalive && (body as Blob).size > 65_536) throw new TypeError('Failed to fetch');
    heard.push(text);
    return taken;
  });
  const texts = Array.from({ length: 8 }, (_, index) => `${index}${'x'.repeat(10_000)}`);
  for (const text of texts) link.send(text);
  link.close(1000, 'closed by the app');
  await eventually(() => {
    expect(isLeft()).toBe(true);
  });
  expect(heard.map((text) => text.split('\n')[1])).toEqual(heard.map((_, index) => `${index + 1}`));
  expect(heard.join('').match(/\dx{10000}/g)).toEqual(texts);
  expect(heard.at(-1)).toMatch(/1000 closed by the app$/);
});

test('what is under way is not cut off by a close', async () => {
  let answer: (it: Answer) => void = () => undefined;
  const { link, isLeft } = await opened((text) =>
    text.includes('first')
      ? new Promise((resolve) => {
          answer = resolve;
        })
      : taken,
  );
  link.send('first');
  link.close(1000, '');
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  expect(isLeft()).toBe(false);
  answer(taken);
  await eventually(() => {
    expect(isLeft()).toBe(true);
  });
});

test('P38 only 204 is an answer: a page of a proxy is not', async () => {
  const { link, closed } = await opened(() => ({ ok: true, status: 200 }));
  link.send('first');
  await eventually(() => {
    expect(closed).toEqual([1006]);
  });
});

test('a page that is gone says so, and one that may come back does not', async () => {
  const page = new EventTarget();
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
  const heard: string[] = [];
  await opened((text, { keepalive }) => {
    heard.push(`${keepalive} ${text}`);
    return taken;
  });
  page.dispatchEvent(Object.assign(new Event('pagehide'), { persisted: true }));
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  expect(heard).toEqual([]);
  page.dispatchEvent(Object.assign(new Event('pagehide'), { persisted: false }));
  await eventually(() => {
    expect(heard).toEqual([expect.stringMatching(/^true .*1001 the page is gone$/s)]);
  });
});
