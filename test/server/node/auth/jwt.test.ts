// T4: whose signature is believed, for how long, and what is refused for good or for now.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, type JWK, type JWTPayload } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import { RealtimeError } from '../../../../src/protocol/error.js';
import { jwt, jwtWithClock, type JwtOptions } from '../../../../src/server/node/auth/jwt.js';
import type { User } from '../../../../src/server/rooms/serve.js';

const secret = 'a secret of more than thirty-two bytes, for tests';
const other = 'another secret of more than thirty-two bytes, too';
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const now = (): number => Math.floor(Date.now() / 1_000);
const claims = (more: Readonly<Record<string, unknown>> = {}): JWTPayload => ({
  sub: 'ada',
  iss: 'us',
  aud: 'app',
  exp: now() + 60,
  ...more,
});
const signed = (payload: JWTPayload, key = secret, alg = 'HS256'): Promise<string> =>
  new SignJWT(payload).setProtectedHeader({ alg }).sign(bytes(key));
const request = { origin: null, address: '', headers: {} };
const ask = async (options: JwtOptions, token: string | null): Promise<User | null> =>
  jwt(options)({ token, request });
const rules = { secret, issuer: 'us', audience: 'app' };

describe('T4 a token', () => {
  test('is of its subject, and ends when it says, plus what clocks may differ', async () => {
    const payload = claims({ name: 'Ada' });
    expect(await ask(rules, await signed(payload))).toEqual({
      id: 'ada',
      expiresAt: (payload.exp as number) * 1_000 + 5_000,
    });
    expect(
      await ask(
        { ...rules, clockTolerance: 0, user: ({ sub, name }) => ({ id: sub, name }) },
        await signed(payload),
      ),
    ).toEqual({ id: 'ada', name: 'Ada', expiresAt: (payload.exp as number) * 1_000 });
  });

  test('ends no later than its user', async () => {
    expect(
      await ask({ ...rules, user: () => ({ id: 'ada', expiresAt: 5 }) }, await signed(claims())),
    ).toEqual({ id: 'ada', expiresAt: 5 });
  });

  test('that is over for less than clocks may differ is taken', async () => {
    expect(
      await ask({ ...rules, clockTolerance: 10_000 }, await signed(claims({ exp: now() - 5 }))),
    ).toMatchObject({ id: 'ada' });
    await expect(
      ask({ ...rules, clockTolerance: 1_000 }, await signed(claims({ exp: now() - 5 }))),
    ).rejects.toThrow(RealtimeError);
  });

  test.each<readonly [string, () => Promise<string | null> | string | null, Partial<JwtOptions> | undefined]>(
    [
      ['there is no token', () => null, undefined],
      ['an empty one', () => '', undefined],
      ['nonsense', () => 'a.b.c', undefined],
      ['of another secret', () => signed(claims(), other), undefined],
      ['of another algorithm', () => signed(claims(), secret, 'HS512'), undefined],
      ['without a signature', () => new UnsecuredJWT(claims()).encode(), undefined],
      ['expired', () => signed(claims({ exp: now() - 60 })), undefined],
      ['not yet', () => signed(claims({ nbf: now() + 60 })), undefined],
      ['that never ends', async () => signed(claims({ exp: undefined })), undefined],
      ['that ends never, in words', async () => signed(claims({ exp: 'never' })), undefined],
      ['of nobody', async () => signed(claims({ sub: undefined })), undefined],
      ['of an empty name', async () => signed(claims({ sub: '' })), undefined],
      ['of another issuer', async () => signed(claims({ iss: 'them' })), undefined],
      ['for another app', async () => signed(claims({ aud: ['theirs', 'app2'] })), undefined],
      ['of somebody who is not wanted', async () => signed(claims()), { user: () => null }],
    ],
  )('is refused for good: %s', async (_, token, options) => {
    const value = await token();
    const refusal = await ask({ ...rules, ...options }, value).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'rejected' });
    expect((refusal as Error).message).not.toContain(value || 'eyJ');
  });
});

describe('T4 options that would let anybody in', () => {
  test.each<readonly [string, JwtOptions, RegExp]>([
    ['no key', {}, /one of secret, jwksUrl and jwks/],
    ['two keys', { secret, jwks: { keys: [] } }, /one of/],
    ['a short secret', { secret: 'short' }, /32 bytes/],
    [
      'a shared secret among public keys',
      { jwks: { keys: [] }, algorithms: ['HS256'] },
      /HS256 does not go with public keys/,
    ],
    ['a public key as a secret', { secret, algorithms: ['RS256'] }, /RS256 does not go with a secret/],
    ['no algorithm', { secret, algorithms: [] }, /empty/],
    ['keys over a line that anybody can write on', { jwksUrl: 'http://keys.example.com/jwks' }, /https/],
    ['a tolerance that is none', { secret, clockTolerance: -1 }, /clockTolerance/],
  ])('%s', (_, options, message) => {
    expect(() => jwt(options)).toThrow(message);
  });
});

describe('T4 public keys', () => {
  type Pair = Awaited<ReturnType<typeof generateKeyPair>>;
  let pair: Pair;
  let later: Pair;
  let key: JWK;
  const by = (it: Pair, kid: string, payload = claims()): Promise<string> =>
    new SignJWT(payload).setProtectedHeader({ alg: 'ES256', kid }).sign(it.privateKey);
  beforeAll(async () => {
    [pair, later] = await Promise.all([generateKeyPair('ES256'), generateKeyPair('ES256')]);
    key = { ...(await exportJWK(pair.publicKey)), kid: 'one', alg: 'ES256' };
  });

  test("given: the one with the token's name counts", async () => {
    expect(await ask({ jwks: { keys: [key] } }, await by(pair, 'one'))).toMatchObject({ id: 'ada' });
    await expect(ask({ jwks: { keys: [key] } }, await by(later, 'one'))).rejects.toMatchObject({
      code: 'rejected',
    });
    await expect(ask({ jwks: { keys: [key] } }, await by(later, 'two'))).rejects.toMatchObject({
      code: 'rejected',
    });
  });

  test('fetched once; while they cannot be had, nobody is refused for good', async () => {
    let status = 503;
    let fetches = 0;
    const server = createServer((_, response) => {
      fetches++;
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ keys: [key] }));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
    const authenticate = jwt({ jwksUrl: url });
    const token = await by(pair, 'one');
    const failure = await Promise.resolve(authenticate({ token, request })).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Error);
    expect(failure).not.toBeInstanceOf(RealtimeError);
    status = 200;
    expect(await authenticate({ token, request })).toMatchObject({ id: 'ada' });
    expect(await authenticate({ token, request })).toMatchObject({ id: 'ada' });
    expect(fetches).toBe(2);
    server.close();
  });

  test('that cannot be had are asked for no more than twice each 5 s, however many tokens come', async () => {
    let status = 503;
    let fetches = 0;
    let clock = 0;
    const server = createServer((_, response) => {
      fetches++;
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ keys: [key] }));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
    const authenticate = jwtWithClock({ jwksUrl }, () => clock);
    const [good, unknown] = [await by(pair, 'one'), await by(later, 'two')];
    const answerTo = async (token: string): Promise<unknown> => {
      try {
        return await authenticate({ token, request });
      } catch (error) {
        return error instanceof RealtimeError ? 'refused' : 'not now';
      }
    };
    const answers = new Set<unknown>();
    for (let count = 0; count < 20; count++) answers.add(await answerTo(good));
    for (const answer of await Promise.all(Array.from({ length: 20 }, () => answerTo(good))))
      answers.add(answer);
    expect([[...answers], fetches]).toEqual([['not now'], 2]);
    clock = 5_000;
    status = 200;
    expect([await answerTo(good), fetches]).toMatchObject([{ id: 'ada' }, 3]);
    expect([await answerTo(unknown), fetches]).toEqual(['refused', 3]);
    server.close();
  });

  test('without names: any of them may have signed a token, and another may not', async () => {
    const third = await generateKeyPair('ES256');
    const jwks = {
      keys: await Promise.all(
        [pair, later].map(async ({ publicKey }) => ({ ...(await exportJWK(publicKey)), alg: 'ES256' })),
      ),
    };
    const unnamed = (it: Pair, payload = claims()): Promise<string> =>
      new SignJWT(payload).setProtectedHeader({ alg: 'ES256' }).sign(it.privateKey);
    for (const it of [pair, later])
      expect(await ask({ jwks }, await unnamed(it))).toMatchObject({ id: 'ada' });
    for (const token of [await unnamed(third), await unnamed(later, claims({ exp: now() - 60 }))])
      await expect(ask({ jwks }, token)).rejects.toMatchObject({ code: 'rejected' });
  });
});
