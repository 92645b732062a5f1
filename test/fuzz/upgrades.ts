// The handshake gone wrong: heads that are none, heads without end, and resets in the middle.
import { upgradeHead } from '../support/network/raw-connection.js';
import { refused, reset, visitor, type Attack, type AttackClass } from './attack.js';
import type { Dice } from './dice.js';

const without = (name: string): string => upgradeHead().replace(new RegExp(`${name}.*\r\n`), '');
const garbled = (name: string, value: string): string =>
  upgradeHead().replace(new RegExp(`(${name}: ).*`), `$1${value}`);
const headers = (count: number, each: (index: number) => string): string[] =>
  Array.from({ length: count }, (_, index) => each(index));

const heads: readonly (readonly [what: string, head: (dice: Dice) => string])[] = [
  ['no key', () => without('Sec-WebSocket-Key')],
  [
    'a key that is none',
    (dice) =>
      garbled(
        'Sec-WebSocket-Key',
        dice.pick(['x', '', 'a'.repeat(10_000), 'dGhlIHNhbXBsZSBub25jZQ', '=======================']),
      ),
  ],
  ['no version', () => without('Sec-WebSocket-Version')],
  [
    'another version',
    (dice) => garbled('Sec-WebSocket-Version', dice.pick(['7', '12', '14', '-1', 'x', '1e1', '13, 8'])),
  ],
  [
    'an upgrade to something else',
    (dice) =>
      garbled('Upgrade', dice.pick(['h2c', 'websocket2', 'websocket, h2c', ',', 'WebSocket/13', 'tls'])),
  ],
  [
    'another method',
    (dice) => upgradeHead().replace('GET', dice.pick(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])),
  ],
  ['a method that is none', (dice) => upgradeHead().replace('GET', dice.pick(['GETT', 'get', 'G\0T', '']))],
  ['CONNECT', () => 'CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n'],
  [
    'a protocol that is no token',
    (dice) =>
      upgradeHead({
        protocol: dice.pick([
          'a b',
          ',',
          '"json"',
          'roomful.v1.json, roomful.v1.json',
          `${'a'.repeat(50)},`.repeat(100),
          '/',
          '\u007f',
        ]),
      }),
  ],
  [
    'spaces in a protocol, as if for a slow pattern',
    () => upgradeHead({ protocol: `a${' '.repeat(8_000)}b` }),
  ],
  [
    'a target that is no path',
    (dice) =>
      upgradeHead({ path: dice.pick(['//[', 'http://%', '*', 'http://[::1', '/realtime?\u0001', '//']) }),
  ],
  [
    'another path',
    (dice) =>
      upgradeHead({
        path: dice.pick(['/', '/REALTIME', '/realtime/../x', '/health/live', '/realtime%00']),
      }),
  ],
  [
    'headers without end',
    () => upgradeHead({ lines: headers(2_000, (index) => `X-${index}: ${'y'.repeat(20)}`) }),
  ],
  [
    'so many headers that those of the upgrade come too late',
    () =>
      `GET /realtime HTTP/1.1\r\n${'a:b\r\n'.repeat(2_100)}${upgradeHead().split('\r\n').slice(1).join('\r\n')}`,
  ],
  ['a header of 100 KB', () => upgradeHead({ lines: [`X: ${'y'.repeat(100_000)}`] })],
  ['a name of 20 KB', () => upgradeHead({ lines: [`${'y'.repeat(20_000)}: x`] })],
  ['a target of 20 KB', () => upgradeHead({ path: `/realtime?${'y'.repeat(20_000)}` })],
  [
    'a line that is no header',
    (dice) => upgradeHead({ lines: [dice.pick(['no colon', ': no name', 'a b: c', 'X: a\0b', 'X: a\rb'])] }),
  ],
  ['two lengths', () => upgradeHead({ lines: ['Content-Length: 1', 'Content-Length: 2'] })],
  ['a length and chunks', () => upgradeHead({ lines: ['Content-Length: 1', 'Transfer-Encoding: chunked'] })],
  [
    'HTTP of another version',
    (dice) => upgradeHead().replace('HTTP/1.1', dice.pick(['HTTP/9.9', 'HTTP/1', 'HTTQ/1.1', ''])),
  ],
  [
    'no HTTP at all',
    (dice) =>
      dice
        .bytes(1 + dice.below(2_000))
        .toString('latin1')
        .replace(/^[A-Z\r\n]*/, '\u0001'),
  ],
  ['TLS', () => '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003'],
];

export const upgrades: AttackClass = {
  threat: 'T17',
  name: 'handshakes',
  share: 0.04,
  least: 60,
  visit(dice, number) {
    const [what, head] = heads[number % heads.length] as (typeof heads)[number];
    return {
      stage: 'connected',
      codec: 'json',
      ...visitor(dice, number),
      attacks: [{ what, writes: [Buffer.from(head(dice), 'latin1')], frames: 1, outcome: refused }],
    };
  },
};

/** Where a handshake is reset: after so many tenths of it, here or there, at once or when the server has had its turn. */
export const resets: AttackClass = {
  threat: 'T17',
  name: 'resets in the handshake',
  // Of 100,000 frames 5,000: 500 at each point.
  share: 0.06,
  least: 100,
  visit(dice, number) {
    const path = dice.pick(['/realtime', '/realtime', '/elsewhere', '/health/live']);
    const head = Buffer.from(upgradeHead({ path }));
    const point = 1 + (number % 10);
    const attack: Attack = {
      what: `after ${point} tenths of an upgrade of ${path}`,
      writes: [
        head.subarray(0, Math.ceil((head.length * point) / 10)),
        ...(dice.chance(0.5) ? [Buffer.alloc(0)] : []),
      ],
      frames: 1,
      outcome: reset,
    };
    return { stage: 'connected', codec: 'json', ...visitor(dice, number), attacks: [attack] };
  },
};
