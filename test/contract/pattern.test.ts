// Room patterns: ids made from parameters, and parameters read from ids.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defineRoom } from '../../src/contract/define-room.js';
import { isRoomId } from '../../src/protocol/checks.js';
import { maxRoomId } from '../../src/protocol/limits.js';
import { seed, sized } from '../support/sizes.js';

const chat = defineRoom('chat/:id');
const seat = defineRoom('hall/:hall/seat/:seat');

test('an id is made of its parameters, and gives them back', () => {
  expect(chat.id({ id: '42' })).toBe('chat/42');
  expect(chat.match('chat/42')).toEqual({ id: '42' });
  expect(seat.match(seat.id({ hall: 'A', seat: '7' }))).toEqual({ hall: 'A', seat: '7' });
  expect([
    chat.match('chat'),
    chat.match('chat/'),
    chat.match('chat/1/2'),
    chat.match('board/1'),
    chat.match('chat/%E0%A4%A'),
  ]).toEqual([null, null, null, null, null]);
});

test('any parameter travels whole in an id that is safe as a key and in a log', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 10 }),
      fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 10 }),
      (hall, at) => {
        fc.pre(encodeURIComponent(hall + at).length * 3 < maxRoomId);
        const id = seat.id({ hall, seat: at });
        expect(isRoomId(id)).toBe(true);
        expect(seat.match(id)).toEqual({ hall, seat: at });
        expect(id.split('/')).toHaveLength(4);
      },
    ),
    { seed, numRuns: sized(100, 10_000) },
  );
});

describe('what cannot be is refused by name', () => {
  test.each([[{}], [{ id: '' }], [{ id: 7 }], [{ id: undefined }], [{ id: '\uD800' }]])(
    'parameters %j',
    (params) => {
      expect(() => chat.id(params as never)).toThrow(
        "Room 'chat/:id': the parameter 'id' must be a text that is not empty",
      );
    },
  );

  test('an id longer than 128 characters', () => {
    expect(() => chat.id({ id: 'x'.repeat(200) })).toThrow('at most 128 characters');
  });

  test.each(['', '/', 'a//b', 'a/:', ':x/:x', 'a b', 'a{b}', 'a*', 'a/', 'ü'])(
    'the pattern %j',
    (pattern) => {
      expect(() => defineRoom(pattern)).toThrow(TypeError);
    },
  );

  test.each([0, 1.5, -1, NaN])('the version %d', (version) => {
    const schema = {
      '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => ({ value }) },
    } as const;
    expect(() => defineRoom('a', { messages: { m: { schema, version, upgrade: {} } } })).toThrow(TypeError);
  });
});

test('parameters named like keys of every object are parameters like any other', () => {
  const odd = defineRoom(':__proto__/:constructor');
  const id = odd.id(JSON.parse('{"__proto__":"a","constructor":"b"}') as never);
  expect(id).toBe('a/b');
  expect(Object.entries(odd.match(id) ?? {})).toEqual([
    ['__proto__', 'a'],
    ['constructor', 'b'],
  ]);
});
