// Addresses as people write them: one that can never work is said once, and one that may work is tried again.
import { describe, expect, test, vi } from 'vitest';
import { createClient } from '../../src/client/index.js';

const neverWorks: readonly (readonly [string, unknown])[] = [
  ['undefined, as of a variable that is not set', undefined],
  ['null', null],
  ['a number', 8080],
  ['empty', ''],
  ['without a scheme', '127.0.0.1:8080/realtime'],
  ['with a name for a scheme', 'localhost:8080/realtime'],
  ['relative, where there is no page', '/realtime'],
  ['of the text undefined', 'undefined/realtime'],
  ['of another scheme', 'ftp://localhost/realtime'],
  ['with a fragment', 'ws://localhost/realtime#room'],
];

class NoSocket {
  constructor(url: string) {
    throw new Error(`never to be called with ${url}`);
  }
}

function connected(url: unknown, WebSocket: unknown = NoSocket) {
  const warnings: string[] = [];
  const errors: string[] = [];
  const client = createClient({
    url: url as string,
    WebSocket,
    fallback: false,
    backoff: { initial: 0, max: 1 },
    logger: { warn: (text) => warnings.push(text), error: (text) => errors.push(text) },
  });
  client.connect();
  return { client, warnings, errors };
}

describe.each([
  ['as it is', (url: unknown) => url],
  ['from a function', (url: unknown) => () => url],
  ['from a promise', (url: unknown) => () => Promise.resolve(url)],
])('an address %s', (_way, from) => {
  test.each(neverWorks)('%s: said once, and the client closes with the reason', async (_name, url) => {
    const { client, warnings } = connected(from(url));
    await vi.waitFor(() => {
      expect(client.store.getState().connection).toMatchObject({ status: 'closed' });
    });
    expect(client.store.getState().connection).toMatchObject({
      reason: {
        code: 4400,
        reason: expect.stringMatching(/^the attempt failed: url is .*, not wss:/s) as string,
      },
    });
    expect(warnings).toHaveLength(1);
    client.close();
  });

  test('a URL object, and http for ws, may work', async () => {
    const urls: string[] = [];
    class Recorded extends EventTarget {
      constructor(url: string) {
        super();
        urls.push(url);
      }
      close(): void {
        this.dispatchEvent(new Event('close'));
      }
    }
    for (const url of [
      new URL('ws://localhost/realtime'),
      'http://localhost/realtime',
      ' ws://localhost/realtime',
    ]) {
      const { client } = connected(from(url), Recorded);
      await vi.waitFor(() => {
        expect(urls.at(-1)).toBe(new URL(url).href);
      });
      client.close();
    }
  });
});

test('a function that throws is asked again', async () => {
  let asked = 0;
  const { client } = connected(() => {
    asked++;
    throw new Error('no config yet');
  });
  await vi.waitFor(() => {
    expect(asked).toBeGreaterThan(2);
  });
  expect(client.store.getState().connection.status).toBe('reconnecting');
  client.close();
});
