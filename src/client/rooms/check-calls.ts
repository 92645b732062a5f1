// Checks what an app passes to a room, before an event is made of it.
import type { AnyContract } from '../../contract/define-room.js';
import { checkMessage, checkPresence } from '../../contract/validate.js';
import { isMessageType, kinds, type Check } from '../../protocol/checks.js';
import { RealtimeError } from '../../protocol/error.js';
import { checkPayload, copyPayload } from '../../protocol/payload.js';
import { tooLarge } from '../machine/model/failures.js';
import { mergePresence } from '../machine/room/presence.js';
import { errorOf, unwatched } from './promises.js';

const { count: isCount, object: isObject } = kinds as Readonly<Record<'count' | 'object', Check>>;

export type Presence = Readonly<Record<string, unknown>>;

/** An estimate of the bytes that a frame adds to the data of its message. */
const frameOverheadBytes = 128;

export const invalid = (message: string, details?: unknown): RealtimeError =>
  new RealtimeError('invalid', message, details);

/** Throws if a number of the app does not fit into a frame. */
export function checkCount(count: number): void {
  if (!isCount(count)) throw invalid(`${String(count)} is no whole number from 0`);
}

function checkSize(bytes: number, maxBytes: number): void {
  if (bytes > maxBytes) throw errorOf(tooLarge(bytes, maxBytes));
}

/** Turns a call that throws into a promise that rejects. */
export function rejectThrown<T>(call: () => Promise<T>): Promise<T> {
  try {
    return call();
  } catch (error) {
    return unwatched(Promise.reject(error as RealtimeError));
  }
}

/**
 * Reads the app's data. A getter or a schema of the app may throw anything: the app gets `invalid` with it as
 * details.
 */
function readAppData<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof RealtimeError ? error : invalid(`could not be read: ${String(error)}`, error);
  }
}

export interface CheckedMessage {
  /** The data as this page shows it. */
  readonly displayData: unknown;
  /** The data as it travels: a copy. */
  readonly data: unknown;
  readonly version: number;
  readonly bytes: number;
}

/** Throws if the message does not fit the contract, or is too large. */
export const checkOutgoing = (
  contract: AnyContract,
  type: string,
  data: unknown,
  maxBytes: number,
): CheckedMessage =>
  readAppData(() => {
    if (!isMessageType(type)) throw invalid('a type has 1 to 256 characters');
    const { data: displayData, version, bytes: dataBytes } = checkMessage(contract, type, data);
    const bytes = dataBytes + frameOverheadBytes;
    checkSize(bytes, maxBytes);
    return { displayData, version, bytes, data: copyPayload(data) };
  });

/**
 * Returns the presence that a patch makes, as others see it. Throws if that does not fit the contract, or is too
 * large.
 */
export const checkPatched = (
  contract: AnyContract,
  patch: Presence,
  before: unknown,
  maxBytes: number,
): Presence =>
  readAppData(() => {
    if (!isObject(patch) || !isObject(before ?? {})) throw invalid('a presence is an object');
    const presence = mergePresence(before, patch);
    const shown = checkPresence(contract, presence);
    checkSize(checkPayload(presence), maxBytes);
    return shown as Presence;
  });
