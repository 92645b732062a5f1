// Who is let in before anything is said: by origin, and by how many are at the door already.
import { describe, expect, test } from 'vitest';
import { serve } from '../../src/server/serve.js';
import { rawWorld } from '../support/raw.js';

const rooms = [serve('lobby')];
const host = 'app.com';

describe('T1 an origin', () => {
  test.each<readonly [string, string | null, boolean]>([
    ['the server\'s own', 'https://app.com', true],
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

  test('is compared as it is with those that are listed, and then has to be there', () => {
    const { core } = rawWorld({ rooms, origins: ['https://app.com', 'http://localhost:5173', 'capacitor://localhost'] });
    expect(['https://app.com', 'http://localhost:5173', 'capacitor://localhost'].map((origin) => core.allows(origin, 'api.com'))).toEqual([true, true, true]);
    expect([null, 'null', 'http://app.com', 'https://app.com:443', 'https://APP.com', 'https://api.com'].map((origin) => core.allows(origin, 'api.com'))).toEqual([false, false, false, false, false, false]);
  });

  test.each(['app.com', 'https://app.com/', 'https://app.com/path', 'HTTPS://app.com', 'https://app.com:443', '*', 'null'])('%s is none to list', (origin) => {
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
