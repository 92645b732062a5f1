// What one node hands to another: the text of it, which is made without a codec since it may be large.
import { expect, test } from 'vitest';
import { json } from '../../../../src/protocol/codec.js';
import { readParcel, writeParcel } from '../../../../src/server/node/redis/nodes/node-message-text.js';

const id = 'id-of-a-connection';

test.each([0, 1, 2, 3, 255, 131_072])(
  'T48 a parcel of %s bytes is the text that the codec makes, and is read back',
  (size) => {
    const body = Uint8Array.from({ length: size + 8 }, (_, index) => index * 7).subarray(8);
    const text = writeParcel({ id, body });
    expect(text).toBe(json().encode([1, 'parcel', id, body]));
    expect(readParcel(text)?.id).toBe(id);
    expect(Buffer.compare(readParcel(text)?.body ?? Buffer.of(9), body)).toBe(0);
  },
);

test.each([
  ['of another version', '[2,"parcel","id-of-a-connection","\\u0001AAAA"]'],
  ['without bytes', '[1,"parcel","id-of-a-connection","AAAA"]'],
  ['with bytes that are not base64', '[1,"parcel","id-of-a-connection","\\u0001A-A!"]'],
  ['with more behind its bytes', '[1,"parcel","id-of-a-connection","\\u0001AAAA","more","\\u0001BBBB"]'],
  ['that is cut off', '[1,"parcel","id-of-a-connection","\\u0001AAAA'],
  ['that is something else', '[1,"tell","id-of-a-connection","\\u0001AAAA"]'],
])('T25 what is no parcel is none: one %s', (name, text) => {
  const read = readParcel(text);
  // A later version may add fields.
  expect(read).toEqual(name.includes('more') ? { id, body: new Uint8Array(3) } : null);
});
