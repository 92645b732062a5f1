// Tokens that a server of yours, or an identity provider, signed.
import {
  createLocalJWKSet,
  errors,
  jwtVerify,
  type JSONWebKeySet,
  type JWTPayload,
  type JWTVerifyGetKey,
} from 'jose';
import { RealtimeError } from '../../../protocol/error.js';
import type { ServerOptions } from '../../options.js';
import type { User } from '../../rooms/serve.js';
import { nodePorts } from '../system/ports.js';
import { createRemoteKeys } from './remote-keys.js';

/** What a token claims, its signature and times checked. */
export interface TokenClaims extends Readonly<Record<string, unknown>> {
  readonly sub: string;
  /** Seconds since 1970. */
  readonly exp: number;
}

export interface JwtOptions {
  /** The shared secret, of 32 bytes at least: for HS256, HS384 and HS512. One of `secret`, `jwksUrl` and `jwks` is needed. */
  readonly secret?: string | Uint8Array;
  /** Where the public keys are: `https:`, or `http:` on this machine. Fetched when first needed, and again, at most twice a minute, for a key that is new. Where they cannot be had twice in a row, they are asked for again after 5 s. */
  readonly jwksUrl?: string | URL;
  /** The public keys themselves. */
  readonly jwks?: JSONWebKeySet;
  /** Who must have issued a token. Default: anybody who has the key. */
  readonly issuer?: string | readonly string[];
  /** Whom it must be for; set it wherever one issuer serves several apps. Default: anybody. */
  readonly audience?: string | readonly string[];
  /** What may have signed it. Default HS256 with a secret; RS256, PS256, ES256 and EdDSA with public keys. */
  readonly algorithms?: readonly string[];
  /** How far the issuer's clock may be from this one's, in ms. Default 5,000. */
  readonly clockTolerance?: number;
  /** The user that a token's claims describe; null refuses it. What it has, other members see, unless `expose` says otherwise. Default `{ id: claims.sub }`. */
  readonly user?: (claims: TokenClaims) => User | null | Promise<User | null>;
}

const asymmetricAlgorithms = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'];
const symmetricPattern = /^HS(256|384|512)$/;
/** Bytes of a secret, as RFC 7518 §3.2 asks for with HS256. */
const minSecretBytes = 32;

/** What says of the token that it is no good; anything else says that nobody could look. */
const refusedTokenErrors: ReadonlySet<string> = new Set([
  'ERR_JWT_EXPIRED',
  'ERR_JWT_CLAIM_VALIDATION_FAILED',
  'ERR_JWT_INVALID',
  'ERR_JWS_INVALID',
  'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
  'ERR_JOSE_ALG_NOT_ALLOWED',
  'ERR_JOSE_NOT_SUPPORTED',
  'ERR_JWKS_NO_MATCHING_KEY',
  'ERR_JWKS_MULTIPLE_MATCHING_KEYS',
]);

function checkOptions({
  secret,
  jwksUrl,
  jwks,
  algorithms,
  clockTolerance = 5_000,
}: JwtOptions): readonly string[] {
  if ([secret, jwksUrl, jwks].filter((it) => it !== undefined).length !== 1)
    throw new TypeError('jwt needs one of secret, jwksUrl and jwks');
  if (!(clockTolerance >= 0)) throw new TypeError('jwt: clockTolerance must be a number of ms from 0');
  const allowed = algorithms ?? (secret === undefined ? asymmetricAlgorithms : ['HS256']);
  if (allowed.length === 0) throw new TypeError('jwt: algorithms is empty');
  // A public key taken for a shared secret would let everybody sign.
  for (const name of allowed)
    if (symmetricPattern.test(name) !== (secret !== undefined))
      throw new TypeError(
        `jwt: ${name} does not go with ${secret === undefined ? 'public keys' : 'a secret'}`,
      );
  return allowed;
}

function verificationKeyOf(
  { secret, jwksUrl, jwks }: JwtOptions,
  steady: () => number,
): Uint8Array | JWTVerifyGetKey {
  if (secret !== undefined) {
    const key = typeof secret === 'string' ? new TextEncoder().encode(secret) : secret;
    if (key.length < minSecretBytes)
      throw new TypeError(`jwt: the secret must be of ${minSecretBytes} bytes at least`);
    return key;
  }
  if (jwks) return createLocalJWKSet(jwks);
  const url = new URL(jwksUrl as string | URL);
  if (
    url.protocol !== 'https:' &&
    !(url.protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname))
  )
    throw new TypeError('jwt: jwksUrl must be https');
  return createRemoteKeys(url, steady);
}

/**
 * An `authenticate` for JSON Web Tokens (RFC 7519). A token must name its subject (`sub`) and when it ends (`exp`); what it is refused for is logged, and the client told 4401.
 * Where the keys cannot be had, the client tries again later.
 *
 * @throws TypeError where the options make no sense, or would let anybody in.
 */
export function jwt(options: JwtOptions): NonNullable<ServerOptions['authenticate']> {
  return jwtWithClock(options, nodePorts.monotonicNow);
}

/** The same on a clock of the caller's, in ms. */
export function jwtWithClock(
  options: JwtOptions,
  monotonicNow: () => number,
): NonNullable<ServerOptions['authenticate']> {
  const { issuer, audience, clockTolerance = 5_000, user = ({ sub }): User => ({ id: sub }) } = options;
  const algorithms = [...checkOptions(options)];
  const key = verificationKeyOf(options, monotonicNow);
  const rules = {
    algorithms,
    requiredClaims: ['sub', 'exp'],
    clockTolerance: clockTolerance / 1_000,
    ...(issuer !== undefined && { issuer: typeof issuer === 'string' ? issuer : [...issuer] }),
    ...(audience !== undefined && { audience: typeof audience === 'string' ? audience : [...audience] }),
  };
  /** Several keys without a name: one of them signed it, or none. */
  async function verifyWithAnyOf(keys: AsyncIterable<CryptoKey>, token: string): Promise<JWTPayload> {
    let refusal: unknown;
    for await (const one of keys) {
      try {
        return (await jwtVerify(token, one, rules)).payload;
      } catch (error) {
        if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
        refusal = error;
      }
    }
    throw refusal;
  }

  async function verifyToken(token: string): Promise<JWTPayload> {
    try {
      const { payload } = await (key instanceof Uint8Array
        ? jwtVerify(token, key, rules)
        : jwtVerify(token, key, rules));
      return payload;
    } catch (error) {
      if (error instanceof errors.JWKSMultipleMatchingKeys) return verifyWithAnyOf(error, token);
      throw error;
    }
  }

  return async ({ token }) => {
    if (token === null) throw new RealtimeError('rejected', 'there is none');
    let claims: JWTPayload;
    try {
      claims = await verifyToken(token);
    } catch (error) {
      if (error instanceof errors.JOSEError && refusedTokenErrors.has(error.code))
        throw new RealtimeError('rejected', `${error.code}: ${error.message}`);
      throw error;
    }
    if (typeof claims.sub !== 'string' || claims.sub === '' || typeof claims.exp !== 'number')
      throw new RealtimeError('rejected', 'it names no subject, or no end');
    const known = await user(claims as TokenClaims);
    if (!known) throw new RealtimeError('rejected', 'its user is not wanted');
    const ends = claims.exp * 1_000 + clockTolerance;
    return { ...known, expiresAt: Math.min(known.expiresAt ?? Infinity, ends) };
  };
}
