// One attempt over HTTP, where WebSocket is blocked: frames come in one streamed response, and leave in requests (P36
// to P39).
import type { Encoded } from '../../protocol/codec.js';
import {
  createRecordReader,
  encodeClose,
  encodeRecord,
  readClose,
  recordKinds,
  type WireRecord,
} from '../../protocol/records.js';
import { randomId } from './ids.js';
import type { Connect, Link } from './link.js';
import { createUploads } from './uploads.js';

/** The largest record that the client takes from the server. */
const maxRecordBytes = 2 ** 24;

/**
 * How long the stream stays open after a close, in ms, so that the server hears of the close before it misses the
 * stream.
 */
const closeTimeoutMs = 5_000;

/** Posts to one connection of the server, which is named by `id`. */
const createPost =
  (url: string, id: string) =>
  (path: string, node: string | null, body: Blob, more: RequestInit): Promise<Response> => {
    const address = new URL(url.replace(/^ws/, 'http'), globalThis.location?.href);
    address.pathname = `${address.pathname.replace(/\/$/, '')}/http/${path}`;
    address.searchParams.set('id', id);
    if (node !== null) address.searchParams.set('node', node);
    return fetch(address, { method: 'POST', body, cache: 'no-store', ...more });
  };

async function* recordsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<WireRecord> {
  const read = createRecordReader(maxRecordBytes);
  const reader = body.getReader();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) yield* read(piece.value);
}

/**
 * Closes a link whose page goes away for good. A browser closes a WebSocket itself, and cuts a stream without a word.
 */
function closeWithPage(link: Link, signal: AbortSignal): void {
  if (typeof addEventListener !== 'function') return;
  addEventListener(
    'pagehide',
    ({ persisted }) => {
      if (!persisted) link.close(1001, 'the page is gone');
    },
    { signal },
  );
}

export const httpConnect: Connect = (url, protocols, events) => {
  const post = createPost(url, randomId(16));
  const secret = randomId(26);
  const stream = new AbortController();
  const { signal } = stream;
  // The node that has the connection; null until the stream is open.
  let node: string | null = null;
  let ended = false;
  let requests = 0;

  const end = (code: number, reason: string): void => {
    if (ended) return;
    ended = true;
    stream.abort();
    events.closed(code, reason);
  };
  const failed = (error: unknown): void => end(1006, error instanceof Error ? error.message : '');
  const uploads = createUploads((records, keepalive) => {
    return post('send', node, new Blob([`${secret}\n${++requests}\n`, ...records]), { signal, keepalive });
  }, failed);

  const take = ({ kind, payload }: WireRecord): void => {
    if (kind === recordKinds.text) events.message(new TextDecoder().decode(payload));
    else if (kind === recordKinds.binary) events.message(payload);
    else if (kind === recordKinds.close) end(...readClose(payload));
    else if (kind === recordKinds.opened && node === null) {
      const [protocol = '', name = ''] = new TextDecoder().decode(payload).split('\n');
      node = name;
      events.opened(protocol);
    }
  };
  const listen = async (): Promise<void> => {
    const offer = new Blob([`${secret}\n${protocols.join(',')}\n`]);
    const { ok, status, body } = await post('stream', node, offer, { signal });
    if (!ok || !body) return end(1006, `HTTP ${status}`);
    for await (const record of recordsOf(body)) if (!ended) take(record);
    end(1006, '');
  };
  listen().catch(failed);

  const link: Link = {
    transport: 'http',
    send(data: Encoded) {
      if (ended || node === null) return;
      uploads.push(encodeRecord(typeof data === 'string' ? recordKinds.text : recordKinds.binary, data));
    },
    close(code, reason) {
      if (ended) return;
      ended = true;
      const leave = (): void => {
        stream.abort();
      };
      if (node === null) return leave();
      AbortSignal.timeout(closeTimeoutMs).addEventListener('abort', leave);
      void uploads.end(encodeClose(code, reason)).then(leave);
    },
  };
  closeWithPage(link, signal);
  return link;
};
