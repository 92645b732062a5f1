// Who is let in before anything is said: by origin, and by how many are at the door already.
import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { json } from '../../../src/protocol/codec.js';
import { networkOf } from '../../../src/server/connection/connection-limits.js';
import { createAddressOf, type TrustProxy } from '../../../src/server/node/http/proxies.js';
import { serve } from '../../../src/server/rooms/serve.js';
import { rawWorld, type RawPeer, type RawWorld } from '../../support/server/raw.js';

const rooms = [serve('lobby')];
const host = 'app.com';

describe('T1 an origin', () => {
  test.each<readonly [string, string | null, boolean]>([
    ["the server's own", 'https://app.com', true],
    ['its own, without encryption', 'http://app.com', true],
    ['none: no browser', null, true],
    ['of a subdomain', 'https://evil.app.com', false],
    ['that begins like it', 'https://app.com.io', false],
    ['that ends like it', 'https://evilapp.com', false],
    ['of another port', 'https://app.com:8443', false],
    ['of another scheme', 'ftp://app.com', false],
    ['of a file', 'file://', false],
    ['that is null', 'null', false],
    ['that is empty', '', false],
    ['with a trailing dot', 'https://app.com.', false],
    ['with a user', 'https://app.com@evil.com', false],
    ['with its own name as the user', 'https://user@app.com', false],
    ['with a path', 'https://app.com/', false],
    ['in capitals', 'HTTPS://APP.COM', false],
    ['with a space', ' https://app.com', false],
    ['twice', 'https://app.com, https://evil.com', false],
  ])('%s', (_, origin, allowed) => {
    expect(rawWorld({ rooms }).core.allows(origin, host)).toBe(allowed);
  });

  const developed = { isLocal: true, isProduction: false };
  const local = { isLocal: true, isProduction: true };
  test.each<readonly [string, string, string | null, typeof local, boolean]>([
    ['its own page', 'http://localhost:3000', 'localhost:3000', local, true],
    ['its own page by address', 'http://127.0.0.1:3000', '127.0.0.1:3000', local, true],
    ['its own page by IPv6', 'http://[::1]:3000', '[::1]:3000', local, true],
    ['a page whose name was made to lead here', 'http://evil.com:3000', 'evil.com:3000', local, false],
    ['the same while an app is developed', 'http://evil.com:3000', 'evil.com:3000', developed, false],
    [
      'a name that begins like an address',
      'http://127.0.0.1.evil.com',
      '127.0.0.1.evil.com',
      developed,
      false,
    ],
    ['a name that ends like a local one', 'http://evillocalhost', 'evillocalhost', developed, false],
    ['no host', 'http://', null, developed, false],
    ['a page of another port', 'http://localhost:5173', 'localhost:3000', local, false],
    [
      'the same while an app is developed, as a dev server has it',
      'http://localhost:5173',
      'localhost:3000',
      developed,
      true,
    ],
    ['by another local name', 'http://app.localhost:5173', '127.0.0.1:3000', developed, true],
    ['a page of elsewhere while an app is developed', 'https://evil.com', 'localhost:3000', developed, false],
    ['one that is null', 'null', 'localhost:3000', developed, false],
    [
      'one with a local name as the user',
      'http://localhost:3000@evil.com',
      'localhost:3000',
      developed,
      false,
    ],
    ['one of a file', 'file://localhost', 'localhost:3000', developed, false],
  ])('T34 of a server that listens on loopback: %s', (_, origin, ownHost, reach, allowed) => {
    expect(rawWorld({ rooms }).core.allows(origin, ownHost, reach)).toBe(allowed);
  });

  test('T34 a list counts for a server that listens on loopback as for any other', () => {
    const { core } = rawWorld({ rooms, origins: ['https://app.com'] });
    expect(
      ['https://app.com', 'http://localhost:3000'].map((origin) =>
        core.allows(origin, 'localhost:3000', developed),
      ),
    ).toEqual([true, false]);
  });

  test('is compared as it is with those that are listed, and then has to be there', () => {
    const { core } = rawWorld({
      rooms,
      origins: ['https://app.com', 'http://localhost:5173', 'capacitor://localhost'],
    });
    expect(
      ['https://app.com', 'http://localhost:5173', 'capacitor://localhost'].map((origin) =>
        core.allows(origin, 'api.com'),
      ),
    ).toEqual([true, true, true]);
    expect(
      [null, 'null', 'http://app.com', 'https://app.com:443', 'https://APP.com', 'https://api.com'].map(
        (origin) => core.allows(origin, 'api.com'),
      ),
    ).toEqual([false, false, false, false, false, false]);
  });

  test.each([
    'app.com',
    'https://app.com/',
    'https://app.com/path',
    'HTTPS://app.com',
    'https://app.com:443',
    '*',
    'null',
  ])('%s is none to list', (origin) => {
    expect(() => rawWorld({ rooms, origins: [origin] })).toThrow(/is not an origin/);
  });
});

describe('T19 connections that say nothing', () => {
  test('beyond so many are closed with 1013; whoever said hello takes up no place', async () => {
    const { peer, clock } = rawWorld({ rooms, connections: { strangers: 3 } });
    const known = peer();
    await known.hello('ada', 's');
    const silent = [peer(), peer(), peer()];
    const late = peer();
    expect([late.closed?.code, silent.map(({ closed }) => closed)]).toEqual([1013, [null, null, null]]);
    silent[0]?.events.closed(1006);
    const next = peer();
    expect(next.closed).toBeNull();
    // They are gone after five seconds, and there is room again.
    await clock.advance(6_000);
    const again = peer();
    await again.hello('bob', 't');
    expect([again.closed, again.of('welcome').length, known.closed]).toEqual([null, 1, null]);
  });
});

describe('T19 more than may be', () => {
  const peerFrom = (world: RawWorld, address: string): RawPeer => world.peer(json(), { address });

  test('of one address are closed with 4429, until one of them goes', () => {
    const world = rawWorld({ rooms, connections: { perAddress: 2 } });
    const [one, two, three, other] = ['1.1.1.1', '1.1.1.1', '::ffff:1.1.1.1', '2.2.2.2'].map((address) =>
      peerFrom(world, address),
    ) as [RawPeer, RawPeer, RawPeer, RawPeer];
    expect([one, two, three, other].map(({ closed }) => closed?.code)).toEqual([
      undefined,
      undefined,
      4429,
      undefined,
    ]);
    one.events.closed(1006);
    expect(peerFrom(world, '1.1.1.1').closed).toBeNull();
    expect(world.core.stats().connections).toBe(3);
    expect(world.logs).toMatchObject([{ level: 'warn', details: { code: 4429, address: '::ffff:1.1.1.1' } }]);
  });

  test("of one user are closed with 4429, and the session is nobody's; one that is replaced makes room for its successor", async () => {
    const world = rawWorld({ rooms, connections: { perUser: 2 } });
    const hello = async (user: string, session: string): Promise<RawPeer> => {
      const peer = world.peer();
      await peer.hello(user, session);
      return peer;
    };
    const [one, two, three, other] = [
      await hello('ada', 's1'),
      await hello('ada', 's2'),
      await hello('ada', 's3'),
      await hello('bob', 's1'),
    ];
    expect([one, two, three, other].map(({ closed }) => closed?.code)).toEqual([
      undefined,
      undefined,
      4429,
      undefined,
    ]);
    const again = await hello('ada', 's2');
    expect([two.closed?.code, again.closed]).toEqual([4009, null]);
    one.events.closed(1006);
    const third = await hello('ada', 's3');
    expect([third.closed, third.of('welcome').length]).toEqual([null, 1]);
  });

  test.each([
    ['1.2.3.4', '1.2.3.4'],
    ['::ffff:1.2.3.4', '1.2.3.4'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['', ''],
    ['nonsense', 'nonsense'],
  ])('%s is counted as %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});

describe('T19 an address behind proxies', () => {
  const from = (remoteAddress: string, forwarded?: string): IncomingMessage =>
    ({
      socket: { remoteAddress },
      connection: { remoteAddress },
      headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
    }) as unknown as IncomingMessage;

  test.each<readonly [string, TrustProxy | undefined, string, string | undefined, string]>([
    ['nobody is trusted', undefined, '10.0.0.1', '1.1.1.1', '10.0.0.1'],
    ['nobody, by number', 0, '10.0.0.1', '1.1.1.1', '10.0.0.1'],
    ['one proxy', 1, '10.0.0.1', '6.6.6.6, 1.1.1.1', '1.1.1.1'],
    ['two proxies', 2, '10.0.0.1', '6.6.6.6, 1.1.1.1, 10.0.0.2', '1.1.1.1'],
    ['a list', ['10.0.0.0/8'], '10.0.0.1', '6.6.6.6, 1.1.1.1, 10.0.0.2', '1.1.1.1'],
    ['a list that this is not on', ['10.0.0.0/8'], '9.9.9.9', '1.1.1.1', '9.9.9.9'],
    ['names of networks', ['loopback'], '127.0.0.1', '1.1.1.1', '1.1.1.1'],
    ['no header', 1, '10.0.0.1', undefined, '10.0.0.1'],
    ['an empty header', ['loopback'], '127.0.0.1', '', '127.0.0.1'],
    ['a proxy that writes ports', 1, '10.0.0.1', '6.6.6.6:1, 1.1.1.1:51234', '1.1.1.1'],
    [
      'proxies that write ports, by their addresses',
      ['10.0.0.0/8', 'fd00::/8'],
      '10.0.0.1',
      '6.6.6.6, [2001:db8::1]:443, [fd00::2]:80,10.0.0.2:8080',
      '2001:db8::1',
    ],
    ['an address of IPv6 without a port', 1, '10.0.0.1', '2001:db8::1:443', '2001:db8::1:443'],
    ['nonsense in it', ['loopback'], '127.0.0.1', 'not an address', 'not an address'],
  ])('%s', (_, trust, remote, header, expected) => {
    expect(createAddressOf(trust)(from(remote, header))).toBe(expected);
  });

  test.each<TrustProxy>([-1, 1.5, ['nowhere']])('%j is refused', (trust) => {
    expect(() => createAddressOf(trust)).toThrow(TypeError);
  });
});
