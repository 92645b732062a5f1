// Messages as records, and back: whatever lies on a disk is checked before it is believed.
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
  // A message that failed goes out again under a number of its own, if at all.
  seq: failure ? null : seq,
  failure,
});

/** As the wire has them. */
const isText = (it: unknown): it is string => typeof it === 'string' && it !== '' && it.length <= 256;
/** Far more messages than anybody sends, and few enough to count. */
const mostSeq = 2 ** 40;
const isNumber = (it: unknown): it is number => typeof it === 'number' && Number.isFinite(it);
const isObject = (it: unknown): it is Readonly<Record<string, unknown>> =>
  typeof it === 'object' && it !== null;

export function orderOf(record: unknown): number {
  return isObject(record) && isNumber(record['order']) ? record['order'] : 0;
}

/** The message in a record, or null where it is none. */
export function restoredFrom(record: unknown): Restored | null {
  if (!isObject(record)) return null;
  const { id, room, type, version, data, at, expiresAt, coalesce, bytes, seq, failure } = record;
  if (
    !isText(id) ||
    !isRoomId(room) ||
    !isText(type) ||
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
  if (seq !== null && !(isNumber(seq) && Number.isSafeInteger(seq) && seq >= 1 && seq <= mostSeq))
    return null;
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
  // Its promise was of another page: nobody waits for it here.
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
