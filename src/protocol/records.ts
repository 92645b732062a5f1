// Records: messages in a stream of bytes over HTTP. A record is a kind, a length and the payload (P37).

export const recordKinds = { opened: 0, text: 1, binary: 2, close: 3 } as const;
export type RecordKind = (typeof recordKinds)[keyof typeof recordKinds];

export interface WireRecord {
  readonly kind: number;
  readonly payload: Uint8Array<ArrayBuffer>;
}

/** Bytes of kind and length, before the payload. */
export const recordHead = 5;
const utf8 = new TextEncoder();

export function encodeRecord(kind: RecordKind, payload: string | Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = typeof payload === 'string' ? utf8.encode(payload) : payload;
  const record = new Uint8Array(recordHead + bytes.length);
  record[0] = kind;
  new DataView(record.buffer).setUint32(1, bytes.length);
  record.set(bytes, recordHead);
  return record;
}

export const encodeClose = (code: number, reason: string): Uint8Array<ArrayBuffer> =>
  encodeRecord(recordKinds.close, `${code} ${reason}`);

/** Reads code and reason of a close; code 1006 for a payload that is not a close. */
export function readClose(payload: Uint8Array): readonly [code: number, reason: string] {
  const [, code, reason = ''] = /^(\d{4}) (.*)$/s.exec(new TextDecoder().decode(payload)) ?? [];
  return [code === undefined ? 1006 : Number(code), reason];
}

/**
 * Takes a stream piece by piece, and returns the records that are complete. Throws a `RangeError` for a record of
 * more than `limit` bytes.
 */
export function createRecordReader(limit: number): (piece: Uint8Array) => readonly WireRecord[] {
  const start = new Uint8Array(recordHead);
  let payload: Uint8Array<ArrayBuffer> | null = null;
  let filled = 0;

  return (piece) => {
    const records: WireRecord[] = [];
    let at = 0;
    while (at < piece.length || payload?.length === 0) {
      const into: Uint8Array<ArrayBuffer> = payload ?? start;
      const part = piece.subarray(at, at + into.length - filled);
      into.set(part, filled);
      at += part.length;
      filled += part.length;
      if (filled < into.length) break;
      filled = 0;
      if (payload) {
        records.push({ kind: start[0] ?? -1, payload });
        payload = null;
      } else {
        const length = new DataView(start.buffer).getUint32(1);
        if (length > limit) throw new RangeError(`a record of ${length} bytes is larger than ${limit}`);
        payload = new Uint8Array(length);
      }
    }
    return records;
  };
}
