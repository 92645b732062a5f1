// A streamed response as the core's transport, and the requests that bring its client's messages.
import { timingSafeEqual } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Encoded } from '../../../protocol/codec.js';
import { closeCodes } from '../../../protocol/codes.js';
import {
  createRecordReader,
  encodeClose,
  encodeRecord,
  readClose,
  recordHead,
  recordKinds,
  type WireRecord,
} from '../../../protocol/records.js';
import type { ServerPorts, Transport, TransportEvents } from '../../ports/ports.js';
import { closeTimeoutMs } from '../system/timeouts.js';
import type { ByteShare } from './body.js';

/** Every body starts with the connection's secret and the request's sequence number. */
const bodyOpening = /^([\w-]{16,64})\n(\d{1,15})\n/;
export const maxOpeningBytes = 82;

/** The secret at the beginning of a body; null if there is none. */
export const secretOf = (body: Buffer): string | null =>
  bodyOpening.exec(body.subarray(0, maxOpeningBytes).toString('latin1'))?.[1] ?? null;

const utf8Decoder = new TextDecoder('utf-8', { fatal: true });

/** How many requests may overtake one that came by way of another node, and for how long, in ms. */
const maxEarlyRequests = 4;
const missingRequestTimeoutMs = 1_000;

const lostOrderReason = 'requests are missing, or came twice';

/** The close code for a malformed body: 1002, as for a malformed WebSocket frame. */
const protocolErrorCode = 1002;

// A class, because many idle connections have one each: see connection/frame-queue.ts.
export class FallbackStream implements Transport {
  readonly secret: Buffer;
  private readonly response: ServerResponse;
  private readonly setTimer: ServerPorts['setTimer'];
  private readonly onGone: () => void;
  private events: TransportEvents | null = null;
  private requestsTaken = 0;
  /** The requests that overtook an earlier one. */
  private readonly earlyRequests = new Map<number, Uint8Array>();
  /** Cancels the timer of a missing request. */
  private stopWaiting: (() => void) | null = null;

  /** The bytes that its requests may take while they are read, before and after hello. */
  readonly unidentifiedShare: ByteShare;
  readonly identifiedShare: ByteShare;
  private readonly maxUnidentifiedBytes: number;

  /**
   * @param bytes The bytes that its requests may take.
   * @param onGone Called once the response is over.
   */
  constructor(
    response: ServerResponse,
    secret: string,
    bytes: { readonly unidentified: number; readonly identified: number },
    setTimer: ServerPorts['setTimer'],
    onGone: () => void,
  ) {
    this.response = response;
    this.unidentifiedShare = { bytesLeft: bytes.unidentified };
    this.identifiedShare = { bytesLeft: bytes.identified };
    this.maxUnidentifiedBytes = bytes.unidentified;
    this.secret = Buffer.from(secret);
    this.setTimer = setTimer;
    this.onGone = onGone;
    response.on('error', () => undefined);
    response.on('close', () => {
      this.end(closeCodes.abnormal);
    });
  }

  /** From here on the core gets the events of the connection. */
  serve(events: TransportEvents): void {
    this.events = events;
    if (this.response.destroyed) this.end(closeCodes.abnormal);
  }

  announce(protocol: string, node: string): void {
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
    // A client that reads nothing would keep the waiting bytes in memory.
    response.once(
      'close',
      this.setTimer(closeTimeoutMs, () => {
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

  /** Whether the session has not said hello yet. */
  get isUnidentified(): boolean {
    return this.events?.isUnidentified?.() ?? true;
  }

  /** Whether a body with this beginning has the secret of this connection. */
  hasSecretOf(head: Buffer): boolean {
    const secret = Buffer.from(secretOf(head) ?? '');
    return secret.length === this.secret.length && timingSafeEqual(secret, this.secret);
  }

  /** Takes the body of a request. Returns false, without reading it, if it is for another connection. */
  takeBody(body: Buffer, limit: number): boolean {
    const opening = bodyOpening.exec(body.subarray(0, maxOpeningBytes).toString('latin1'));
    if (!opening || !this.hasSecretOf(body)) return false;
    const { events } = this;
    if (!events) return true;
    const number = Number(opening[2]);
    const ahead = number - this.requestsTaken - 1;
    events.control(1);
    if (ahead < 0 || ahead > maxEarlyRequests || this.earlyRequests.has(number)) this.abort(lostOrderReason);
    else if (this.isUnidentified && this.earlyBytes() + body.length > this.maxUnidentifiedBytes)
      this.abort('too much was said before hello');
    else {
      this.earlyRequests.set(number, body.subarray(opening[0].length));
      this.readOn(limit);
    }
    return true;
  }

  private earlyBytes(): number {
    let bytes = 0;
    for (const body of this.earlyRequests.values()) bytes += body.length;
    return bytes;
  }

  /** Reads the requests that come next, for as long as they are there. */
  private readOn(limit: number): void {
    for (
      let bytes = this.earlyRequests.get(this.requestsTaken + 1);
      bytes && this.events;
      bytes = this.earlyRequests.get(this.requestsTaken + 1)
    ) {
      this.earlyRequests.delete(++this.requestsTaken);
      this.readRecords(bytes, limit);
    }
    this.stopWaiting?.();
    this.stopWaiting =
      this.earlyRequests.size > 0 && this.events
        ? this.setTimer(missingRequestTimeoutMs, () => {
            this.abort(lostOrderReason);
          })
        : null;
  }

  /** Ends the connection because the order of its requests is lost: no message may be skipped in silence. */
  abort(reason: string): void {
    this.close(protocolErrorCode, reason);
    this.end(protocolErrorCode);
  }

  private readRecords(bytes: Uint8Array, limit: number): void {
    try {
      const records = createRecordReader(limit)(bytes);
      if (records.reduce((sum, { payload }) => sum + recordHead + payload.length, 0) < bytes.length)
        throw new RangeError('a record that is cut off');
      for (const record of records) this.handleRecord(record);
    } catch {
      this.abort('a record that could not be read');
    }
  }

  private handleRecord({ kind, payload }: WireRecord): void {
    const { events } = this;
    if (!events) return;
    if (kind === recordKinds.text) events.message(utf8Decoder.decode(payload));
    else if (kind === recordKinds.binary) events.message(payload);
    else if (kind === recordKinds.close) {
      const [code] = readClose(payload);
      this.end(code);
      this.close(code, '');
    } else throw new RangeError('a record of no kind');
  }

  private end(code: number): void {
    const { events } = this;
    this.events = null;
    this.earlyRequests.clear();
    this.stopWaiting?.();
    this.onGone();
    events?.closed(code);
  }
}
