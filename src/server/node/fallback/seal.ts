// Requests that one node hands to another, sealed with the secret of their connection. Both nodes know the
// secret, and Redis between them does not.
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/**
 * The first byte of a sealed request. A request in the clear, as older nodes hand it on, begins with the
 * secret instead.
 */
const sealVersion = 1;
const nonceBytes = 12;
const tagBytes = 16;
const sealHeadBytes = 1 + nonceBytes + tagBytes;

const sealKeyOf = (secret: string, id: string): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, id, 'roomful parcel', 32));

/**
 * @param id The id of the connection. A request that is sealed for one connection cannot be opened for
 * another.
 */
export function seal(secret: string, id: string, body: Uint8Array): Buffer {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', sealKeyOf(secret, id), nonce);
  const sealed = [cipher.update(body), cipher.final()];
  return Buffer.concat([Buffer.of(sealVersion), nonce, cipher.getAuthTag(), ...sealed]);
}

/**
 * Opens a sealed request. Returns null if it was sealed with another secret. A request in the clear, from an
 * older node, is returned as it is.
 */
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
