// One attempt over HTTP, where WebSocket cannot be had: a streamed response down, requests up, one at a time (P36 to P39). Loaded when it is needed.
import type { Encoded } from '../../protocol/codec.js';
import {
  createRecordReader,
  encodeClose,
  encodeRecord,
  readClose,
  recordKinds,
} from '../../protocol/records.js';
import { randomId } from './ids.js';
import type { Connect, Link } from './link.js';

/** Bytes of messages in one request, so that it stays below what a server and a page that unloads may send. */
const requestLimit = 49_152;
/** Bytes of one record from the server. */
const recordLimit = 2 ** 24;

/** How long the server may take to hear of a close, in ms: after that it misses the stream. */
const closeTimeout = 5_000;

export const httpConnect: Connect = (url, protocols, events) => {
  const [id, secret] = [randomId(16), randomId(26)];
  const down = new AbortController();
  let node: string | null = null;
  let ended = false;
  let count = 0;
  let busy = false;
  let waiting: Uint8Array<ArrayBuffer>[] = [];
  let flushed: Promise<void> | null = null;

  const end = (code: number, reason: string): void => {
    if (ended) return;
    ended = true;
    down.abort();
    events.closed(code, reason);
  };

  const post = (name: string, body: Blob, more: RequestInit): Promise<Response> => {
    const address = new URL(url.replace(/^ws/, 'http'), globalThis.location?.href);
    address.pathname = `${address.pathname.replace(/\/$/, '')}/http/${name}`;
    address.searchParams.set('id', id);
    if (node !== null) address.searchParams.set('node', node);
    return fetch(address, { method: 'POST', body, cache: 'no-store', ...more });
  };
  /** The next request up: what is in it, in order. */
  const up = (records: readonly Uint8Array<ArrayBuffer>[], more: RequestInit): Promise<Response> =>
    post('send', new Blob([`${secret}\n${++count}\n`, ...records]), more);

  async function listen(): Promise<void> {
    const { ok, status, body } = await post('stream', new Blob([`${secret}\n${protocols.join(',')}\n`]), {
      signal: down.signal,
    });
    if (!ok || !body) return end(1006, `HTTP ${status}`);
    const read = createRecordReader(recordLimit);
    const reader = body.getReader();
    for (let piece = await reader.read(); !piece.done && !ended; piece = await reader.read()) {
      for (const { kind, payload } of read(piece.value)) {
        if (ended) return;
        if (kind === recordKinds.text) events.message(new TextDecoder().decode(payload));
        else if (kind === recordKinds.binary) events.message(payload);
        else if (kind === recordKinds.close) end(...readClose(payload));
        else if (kind === recordKinds.opened && node === null) {
          const [protocol = '', name = ''] = new TextDecoder().decode(payload).split('\n');
          node = name;
          events.opened(protocol);
        }
      }
    }
    end(1006, '');
  }

  async function flush(): Promise<void> {
    busy = true;
    while (waiting.length) {
      let [many, bytes] = [0, 0];
      do bytes += waiting[many++]?.length ?? 0;
      while (many < waiting.length && bytes + (waiting[many]?.length ?? 0) <= requestLimit);
      const { status } = await up(waiting.splice(0, many), { signal: down.signal });
      if (status !== 204) throw new Error(`HTTP ${status}`);
    }
    busy = false;
  }

  const failed = (error: unknown): void => {
    end(1006, error instanceof Error ? error.message : '');
  };
  const flushSoon = (): void => {
    if (!busy) flushed = flush().catch(failed);
  };
  listen().catch(failed);

  const link: Link = {
    transport: 'http',
    send(data: Encoded) {
      if (ended || node === null) return;
      waiting.push(encodeRecord(typeof data === 'string' ? recordKinds.text : recordKinds.binary, data));
      flushSoon();
    },
    close(code, reason) {
      if (ended) return;
      ended = true;
      const leave = (): void => {
        down.abort();
      };
      if (node === null) return leave();
      AbortSignal.timeout(closeTimeout).addEventListener('abort', leave);
      waiting.push(encodeClose(code, reason));
      // At once, where the page may go, and beside what is under way: the server puts them in order. More than a browser takes from such a page leaves piece by piece.
      const rest =
        waiting.reduce((bytes, { length }) => bytes + length, 0) > requestLimit
          ? flushSoon()
          : up(waiting.splice(0), { keepalive: true, signal: down.signal });
      // The server hears of the close before it misses the stream.
      void Promise.allSettled([flushed, rest]).then(leave);
    },
  };
  // A browser says so for a WebSocket; of a stream that it cuts nobody knows why.
  if (typeof addEventListener === 'function')
    addEventListener(
      'pagehide',
      ({ persisted }) => {
        if (!persisted) link.close(1001, 'the page is gone');
      },
      { signal: down.signal },
    );
  return link;
};
