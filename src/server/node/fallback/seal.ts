// What one node hands to another, sealed with the secret of the connection that it is for: both nodes know
// it, and what carries it between them does not.
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/** What a sealed parcel begins with. A body in the clear, as older nodes hand it on, begins with the secret, and so with no such byte. */
const sealVersion = 1;
const nonceBytes = 12;
const tagBytes = 16;
const sealHeadBytes = 1 + nonceBytes + tagBytes;

const sealKeyOf = (secret: string, id: string): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, id, 'roomful parcel', 32));

/** @param id of the connection: what is sealed for one is no parcel of another. */
export function seal(secret: string, id: string, body: Uint8Array): Buffer {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', sealKeyOf(secret, id), nonce);
  const sealed = [cipher.update(body), cipher.final()];
  return Buffer.concat([Buffer.of(sealVersion), nonce, cipher.getAuthTag(), ...sealed]);
}

/** What was sealed, or null where it was not sealed with this secret. What an older node hands on in the clear is returned as it is. */
export function unseal(secret: string, id: string, parcel: Uint8Array): Buffer | null {
  const bytes = Buffer.from(parcel.buffer, parcel.byteOffset, parcel.length);
  if (bytes[0] !== sealVersion) return bytes;
  if (bytes.length < sealHeadBytes) return null;
  const cipher = createDecipheriv('aes-256-gcm', sealKeyOf(secret, id), bytes.subarray(1, 1 + nonceBytes));
  cipher.setAuthTag(bytes.subarray(1 + nonceBytes, sealHeadBytes));
  try {
    return Buffer.concat([cipher.update(bytes.subarray(sealHeadBytes)), cipher.final()]);
  } catch {
    return null;
  }
}
