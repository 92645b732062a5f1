// Requests that one node hands to another, as text. They are written and read without the codec, which would
// take milliseconds for a body of 128 KiB.
import type { Parcel } from '../../../broker/broker.js';
import { readAnyParcel } from '../store/wire.js';

/**
 * Writes the text that the codec would write. The id and base64 need no escape, except for the character that
 * marks bytes.
 */
export const writeParcel = ({ id, body }: Parcel): string => {
  const base64 = Buffer.from(body.buffer, body.byteOffset, body.length).toString('base64');
  return `[1,"parcel",${JSON.stringify(id)},"\\u0001${base64}"]`;
};

/** The text of {@link writeParcel}, up to the bytes. */
const parcelHead = /^\[1,"parcel","([\w-]{8,64})","\\u0001/;
const maxHeadLength = 128;

export function readParcel(text: string): Parcel | null {
  const [before = '', id] = parcelHead.exec(text.slice(0, maxHeadLength)) ?? [];
  const base64 = text.slice(before.length, -2);
  return id !== undefined && text.endsWith('"]') && /^[A-Za-z0-9+/]*={0,2}$/.test(base64)
    ? { id, body: Buffer.from(base64, 'base64') }
    : readAnyParcel(text);
}
