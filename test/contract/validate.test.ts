// Payloads against their contract: any Standard Schema, versions with upgrades.
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineRoom, untypedRoom } from '../../src/contract/define-room.js';
import { type } from '../../src/contract/standard-schema.js';
import { checkMessage, checkPresence, readMessage, versionOf } from '../../src/contract/validate.js';

const doc = defineRoom('doc/:id', {
  messages: {
    zod: z.object({ text: z.string().trim().max(5) }),
    valibot: v.object({ count: v.pipe(v.number(), v.minValue(1)) }),
    typed: type<{ x: number }>(),
    edit: {
      schema: z.object({ text: z.string(), at: z.number(), by: z.string() }),
      version: 3,
      upgrade: {
        1: (old: { text: string }) => ({ ...old, at: 0 }),
        2: (old: { text: string; at: number }) => ({ ...old, by: 'nobody' }),
      },
    },
    slow: {
      '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => Promise.resolve({ value }) },
    } as const,
    fragile: {
      schema: type<{ a: number }>(),
      version: 2,
      upgrade: {
        1: () => {
          throw new Error('cannot');
        },
      },
    },
    skipped: { schema: type<{ a: number }>(), version: 3, upgrade: { 2: (old: object) => old } },
  },
  presence: z.object({ name: z.string() }),
});

test('zod and valibot alike: what fits passes, transformed; what does not is refused with the place and the reasons', () => {
  expect(checkMessage(doc, 'zod', { text: ' hi ' })).toEqual({ data: { text: 'hi' }, version: 1, bytes: 17 });
  expect(checkMessage(doc, 'valibot', { count: 2 })).toEqual({ data: { count: 2 }, version: 1, bytes: 13 });
  expect(checkMessage(doc, 'typed', { anything: 'goes' })).toMatchObject({ data: { anything: 'goes' } });
  const refused = (name: string, data: unknown): unknown => {
    try {
      return checkMessage(doc, name, data);
    } catch (error) {
      return error;
    }
  };
  expect(refused('zod', { text: 7 })).toMatchObject({
    code: 'invalid',
    message: expect.stringContaining("'zod' does not fit its contract: text: ") as string,
    details: [{ path: 'text' }],
  });
  expect(refused('valibot', { count: 0 })).toMatchObject({ code: 'invalid', details: [{ path: 'count' }] });
  expect(refused('no-such', 1)).toMatchObject({
    code: 'unknown-type',
    message: "room 'doc/:id' has no message 'no-such'",
  });
  expect(refused('toString', 1)).toMatchObject({ code: 'unknown-type' });
  expect(refused('slow', 1)).toMatchObject({
    code: 'invalid',
    message: expect.stringContaining('asynchronous') as string,
  });
});

describe('versions', () => {
  test('P34 an old message is upgraded step by step, then validated', () => {
    expect(readMessage(doc, 'edit', 1, { text: 'a' })).toEqual({
      data: { text: 'a', at: 0, by: 'nobody' },
      version: 3,
    });
    expect(readMessage(doc, 'edit', 2, { text: 'a', at: 5 })).toEqual({
      data: { text: 'a', at: 5, by: 'nobody' },
      version: 3,
    });
    expect(readMessage(doc, 'edit', 3, { text: 'a', at: 5, by: 'me' })).toEqual({
      data: { text: 'a', at: 5, by: 'me' },
      version: 3,
    });
    expect([versionOf(doc, 'edit'), versionOf(doc, 'zod'), versionOf(doc, 'none')]).toEqual([3, 1, 1]);
  });

  test.each([
    ['newer than this end knows', 'edit', 4, { text: 'a' }, 'unknown-version'],
    ['older than this end can upgrade', 'skipped', 1, {}, 'unknown-version'],
    ['an upgrade that throws', 'fragile', 1, {}, 'invalid'],
    ['an upgrade whose result does not fit', 'edit', 1, { text: 7 }, 'invalid'],
  ])('P34 %s', (_name, message, version, data, code) => {
    expect(() => readMessage(doc, message, version, data)).toThrow(
      expect.objectContaining({ code }) as Error,
    );
  });

  test('a reader trusts the current version, which the server validated, and checks what it upgraded', () => {
    expect(readMessage(doc, 'zod', 1, { text: 'far too long' }, 'trust-current').data).toEqual({
      text: 'far too long',
    });
    expect(() => readMessage(doc, 'edit', 1, { text: 7 }, 'trust-current')).toThrow('does not fit');
  });
});

test('presence has its contract too', () => {
  expect(checkPresence(doc, { name: 'Ada' })).toEqual({ name: 'Ada' });
  expect(() => checkPresence(doc, {})).toThrow('presence does not fit its contract: name: ');
  expect(() => checkPresence(doc, { name: () => 1 })).toThrow('presence.name is a function');
});

test('a room named by a plain string takes any type and any plain payload', () => {
  const lobby = untypedRoom('lobby');
  expect(checkMessage(lobby, 'anything', { a: 1 })).toEqual({ data: { a: 1 }, version: 1, bytes: 9 });
  expect(() => checkMessage(lobby, 'anything', new Map())).toThrow('is a Map');
});
