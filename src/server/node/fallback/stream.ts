// A streamed response as the core's transport, and what its client's requests say.
import { timingSafeEqual } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Encoded } from '../../../protocol/codec.js';
import {
  createRecordReader,
  encodeClose,
  encodeRecord,
  readClose,
  recordHead,
  recordKinds,
  type WireRecord,
} from '../../../protocol/records.js';
import type { Share } from './body.js';
import type { ServerPorts, Transport, TransportEvents } from '../../ports/ports.js';

/** What a request's body begins with: the secret of its connection, and the how manieth it is. */
const opening = /^([\w-]{16,64})\n(\d{1,15})\n/;
export const openingLimit = 82;

/** The secret that a request's body begins with; null where it begins with none. */
export const secretOf = (body: Buffer): string | null =>
  opening.exec(body.subarray(0, openingLimit).toString('latin1'))?.[1] ?? null;

const text = new TextDecoder('utf-8', { fatal: true });

/** How long a client may take to read the rest, in ms. */
const closeTimeout = 5_000;

/** How many requests may overtake one that came by way of another node, and for how long, in ms. */
const mostEarly = 4;
const patience = 1_000;

const lostOrder = 'requests are missing, or came twice';

/** The client's side of a body that does not fit: 1002 as for a WebSocket frame that is none. */
const broken = 1002;

// A class, for the sake of many idle connections: see ../../lane.ts.
export class Stream implements Transport {
  readonly secret: Buffer;
  private readonly response: ServerResponse;
  private readonly after: ServerPorts['after'];
  private readonly gone: () => void;
  private events: TransportEvents | null = null;
  private count = 0;
  /** Requests that came before one that was said earlier. */
  private readonly early = new Map<number, Uint8Array>();
  /** Cancels the timer of a request that is missing. */
  private stopWaiting: (() => void) | null = null;

  /** What its requests may hold while they are read, before it has said who it is, and after. */
  readonly strangerShare: Share;
  readonly knownShare: Share;
  private readonly strangerLimit: number;

  /**
   * @param bytes that its requests may hold.
   * @param gone told once the response is over, whoever ended it.
   */
  constructor(
    response: ServerResponse,
    secret: string,
    bytes: { readonly stranger: number; readonly known: number },
    after: ServerPorts['after'],
    gone: () => void,
  ) {
    this.response = response;
    this.strangerShare = { left: bytes.stranger };
    this.knownShare = { left: bytes.known };
    this.strangerLimit = bytes.stranger;
    this.secret = Buffer.from(secret);
    this.after = after;
    this.gone = gone;
    response.on('error', () => undefined);
    response.on('close', () => {
      this.over(1006);
    });
  }

  /** From here on the core is told. */
  serve(events: TransportEvents): void {
    this.events = events;
    if (this.response.destroyed) this.over(1006);
  }

  opened(protocol: string, node: string): void {
    this.response.write(encodeRecord(recordKinds.opened, `${protocol}\n${node}`));
  }

  send(data: Encoded): void {
    if (!this.response.writableEnded)
      this.response.write(
        encodeRecord(typeof data === 'string' ? recordKinds.text : recordKinds.binary, data),
      );
  }

  close(code: number, reason: string): void {
    const { response } = this;
    if (response.writableEnded) return;
    response.end(encodeClose(code, reason));
    // Who reads nothing would hold what waits for it.
    response.once(
      'close',
      this.after(closeTimeout, () => {
        response.destroy();
      }),
    );
  }

  terminate(): void {
    this.response.destroy();
  }

  buffered(): number {
    return this.response.writableLength;
  }

  /** Whether it has not said who it is. */
  get isStranger(): boolean {
    return this.events?.isStranger?.() ?? true;
  }

  /** Whether a body that begins so is of this connection. */
  isOf(head: Buffer): boolean {
    const secret = Buffer.from(secretOf(head) ?? '');
    return secret.length === this.secret.length && timingSafeEqual(secret, this.secret);
  }

  /** Takes what a request brought. Whether it is of this connection: somebody else's is not looked at. */
  take(body: Buffer, limit: number): boolean {
    const said = opening.exec(body.subarray(0, openingLimit).toString('latin1'));
    if (!said || !this.isOf(body)) return false;
    const { events } = this;
    if (!events) return true;
    const number = Number(said[2]);
    const ahead = number - this.count - 1;
    events.control(1);
    if (ahead < 0 || ahead > mostEarly || this.early.has(number)) this.abort(lostOrder);
    else if (this.isStranger && this.earlyBytes() + body.length > this.strangerLimit)
      this.abort('too much was said before hello');
    else {
      this.early.set(number, body.subarray(said[0].length));
      this.readOn(limit);
    }
    return true;
  }

  private earlyBytes(): number {
    let bytes = 0;
    for (const body of this.early.values()) bytes += body.length;
    return bytes;
  }

  /** What is next, for as long as it is there. */
  private readOn(limit: number): void {
    for (
      let bytes = this.early.get(this.count + 1);
      bytes && this.events;
      bytes = this.early.get(this.count + 1)
    ) {
      this.early.delete(++this.count);
      this.read(bytes, limit);
    }
    this.stopWaiting?.();
    this.stopWaiting =
      this.early.size > 0 && this.events
        ? this.after(patience, () => {
            this.abort(lostOrder);
          })
        : null;
  }

  /** Its order is lost: nothing may be passed over in silence. */
  abort(reason: string): void {
    this.close(broken, reason);
    this.over(broken);
  }

  private read(bytes: Uint8Array, limit: number): void {
    try {
      const records = createRecordReader(limit)(bytes);
      if (records.reduce((sum, { payload }) => sum + recordHead + payload.length, 0) < bytes.length)
        throw new RangeError('a record that is cut off');
      for (const record of records) this.hear(record);
    } catch {
      this.abort('a record that could not be read');
    }
  }

  private hear({ kind, payload }: WireRecord): void {
    const { events } = this;
    if (!events) return;
    if (kind === recordKinds.text) events.message(text.decode(payload));
    else if (kind === recordKinds.binary) events.message(payload);
    else if (kind === recordKinds.close) {
      const [code] = readClose(payload);
      this.over(code);
      this.close(code, '');
    } else throw new RangeError('a record of no kind');
  }

  private over(code: number): void {
    const { events } = this;
    this.events = null;
    this.early.clear();
    this.stopWaiting?.();
    this.gone();
    events?.closed(code);
  }
}
