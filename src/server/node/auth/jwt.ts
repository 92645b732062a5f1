// Users from JSON Web Tokens that your own server, or an identity provider, has signed.
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

/** The claims of a token whose signature and times were checked. */
export interface TokenClaims extends Readonly<Record<string, unknown>> {
  readonly sub: string;
  /** Seconds since 1970. */
  readonly exp: number;
}

export interface JwtOptions {
  /**
   * The shared secret for HS256, HS384 and HS512, of 32 bytes at least. Exactly one of `secret`, `jwksUrl`
   * and `jwks` is needed.
   */
  readonly secret?: string | Uint8Array;
  /**
   * The address of the public keys: `https:`, or `http:` on this machine. They are fetched when first needed,
   * and for a key that is new at most twice a minute. After two failures in a row, the next attempt is made 5
   * s later.
   */
  readonly jwksUrl?: string | URL;
  /** The public keys themselves. */
  readonly jwks?: JSONWebKeySet;
  /**
   * The issuer that a token must have.
   *
   * @default any issuer that has the key
   */
  readonly issuer?: string | readonly string[];
  /**
   * The audience that a token must be for. Set it if one issuer serves several apps.
   *
   * @default any audience
   */
  readonly audience?: string | readonly string[];
  /**
   * The algorithms that may have signed a token.
   *
   * @default HS256 with a secret; RS256, PS256, ES256 and EdDSA with public keys
   */
  readonly algorithms?: readonly string[];
  /**
   * How far the issuer's clock may be from this one, in ms.
   *
   * @default 5_000
   */
  readonly clockTolerance?: number;
  /**
   * Makes the user from the claims of a token; null refuses the token. Other members see the user, unless
   * `expose` says otherwise.
   *
   * @default ({ sub }) => ({ id: sub })
   */
  readonly user?: (claims: TokenClaims) => User | null | Promise<User | null>;
}

const asymmetricAlgorithms = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'];
const symmetricPattern = /^HS(256|384|512)$/;
/** The least bytes of a secret, as RFC 7518 §3.2 demands for HS256. */
const minSecretBytes = 32;

/** Errors that mean the token is refused. Any other error means that it could not be checked. */
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
  if ([secret, jwksUrl, jwks].filter((source) => source !== undefined).length !== 1)
    throw new TypeError('jwt needs one of secret, jwksUrl and jwks');
  if (!(clockTolerance >= 0)) throw new TypeError('jwt: clockTolerance must be a number of ms from 0');
  const allowed = algorithms ?? (secret === undefined ? asymmetricAlgorithms : ['HS256']);
  if (allowed.length === 0) throw new TypeError('jwt: algorithms is empty');
  // A public key that is taken for a shared secret would let everyone sign tokens.
  for (const name of allowed)
    if (symmetricPattern.test(name) !== (secret !== undefined))
      throw new TypeError(
        `jwt: ${name} does not go with ${secret === undefined ? 'public keys' : 'a secret'}`,
      );
  return allowed;
}

function verificationKeyOf(
  { secret, jwksUrl, jwks }: JwtOptions,
  monotonicNow: () => number,
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
  return createRemoteKeys(url, monotonicNow);
}

/**
 * Makes an `authenticate` for JSON Web Tokens (RFC 7519). A token needs a subject (`sub`) and an expiry
 * (`exp`). A refused token is logged with the reason, and the client is told 4401. If the keys cannot be
 * fetched, the client tries again later.
 *
 * @example
 * ```ts
 * createRealtimeServer({ rooms, authenticate: jwt({ secret: process.env.JWT_SECRET }) });
 * ```
 * @throws TypeError if the options make no sense, or would let everyone in.
 */
export function jwt(options: JwtOptions): NonNullable<ServerOptions['authenticate']> {
  return jwtWithClock(options, nodePorts.monotonicNow);
}

/** Makes the same on a clock of the caller's, in ms. */
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
  /** Tries several keys without an id: one of them signed the token, or none did. */
  async function verifyWithAnyOf(keys: AsyncIterable<CryptoKey>, token: string): Promise<JWTPayload> {
    let refusal: unknown;
    for await (const key of keys) {
      try {
        return (await jwtVerify(token, key, rules)).payload;
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
    if (token === null) throw new RealtimeError('rejected', 'there is no token');
    let claims: JWTPayload;
    try {
      claims = await verifyToken(token);
    } catch (error) {
      if (error instanceof errors.JOSEError && refusedTokenErrors.has(error.code))
        throw new RealtimeError('rejected', `${error.code}: ${error.message}`);
      throw error;
    }
    if (typeof claims.sub !== 'string' || claims.sub === '' || typeof claims.exp !== 'number')
      throw new RealtimeError('rejected', 'the token has no subject (sub) or no expiry (exp)');
    const knownUser = await user(claims as TokenClaims);
    if (!knownUser) throw new RealtimeError('rejected', 'the option user returned null');
    const expiresAt = claims.exp * 1_000 + clockTolerance;
    return { ...knownUser, expiresAt: Math.min(knownUser.expiresAt ?? Infinity, expiresAt) };
  };
}
