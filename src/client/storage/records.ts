// Turns messages into records, and back. A record from a disk is checked.
import { isRoomId } from '../../protocol/checks.js';
import { isErrorCode } from '../../protocol/codes.js';
import type { Restored } from '../machine/model/events.js';
import type { Entry } from '../machine/model/entry.js';
import { never } from '../machine/model/limits.js';
import type { MessageRecord } from './disk.js';

export const recordOf = (
  room: string,
  { id, type, version, data, queuedAt: at, expiresAt, coalesceKey: coalesce, bytes, seq, failure }: Entry,
  order: number,
): MessageRecord => ({
  id,
  order,
  room,
  type,
  version,
  data,
  at,
  expiresAt: expiresAt === never ? null : expiresAt,
  coalesce,
  bytes,
  // A message that failed gets another seq if the app sends it again.
  seq: failure ? null : seq,
  failure,
});

/** Ids and message types, with the limits of the wire. */
const isName = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.length <= 256;
/** A record with a larger seq is corrupt. No session sends so many messages, and numbers up to here are exact. */
const maxSeq = 2 ** 40;
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

export function orderOf(record: unknown): number {
  return isObject(record) && isNumber(record['order']) ? record['order'] : 0;
}

/** Returns the message of a record, or null for a value that is not a record. */
export function restoredFrom(record: unknown): Restored | null {
  if (!isObject(record)) return null;
  const { id, room, type, version, data, at, expiresAt, coalesce, bytes, seq, failure } = record;
  if (
    !isName(id) ||
    !isRoomId(room) ||
    !isName(type) ||
    !isNumber(version) ||
    !isNumber(at) ||
    !isNumber(bytes) ||
    bytes < 0 ||
    !Number.isSafeInteger(version) ||
    version < 1
  )
    return null;
  if (expiresAt !== null && !isNumber(expiresAt)) return null;
  if (coalesce !== null && typeof coalesce !== 'string') return null;
  if (seq !== null && !(isNumber(seq) && Number.isSafeInteger(seq) && seq >= 1 && seq <= maxSeq)) return null;
  let failed: Entry['failure'] = null;
  if (failure !== null) {
    if (!isObject(failure) || !isErrorCode(failure['code']) || typeof failure['message'] !== 'string')
      return null;
    failed = {
      code: failure['code'],
      message: failure['message'],
      ...('details' in failure && { details: failure['details'] }),
    };
  }
  // The promise of the message was in another page, so it counts as settled.
  return {
    room,
    entry: {
      id,
      type,
      version,
      data,
      displayData: data,
      queuedAt: at,
      expiresAt: expiresAt ?? never,
      coalesceKey: coalesce,
      bytes,
      seq,
      sentOn: null,
      mayHaveBeenSent: seq !== null,
      storedSeq: seq,
      inLog: false,
      promiseSettled: true,
      failure: failed,
      replaces: [],
    },
  };
}
