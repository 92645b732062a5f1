import { describe, expect, test } from 'vitest';
import { createMemberships } from '../../../src/server/members/joined-rooms.js';
import type { Membership } from '../../../src/server/members/peer.js';

const membership = (room: string): Membership => ({ room }) as Membership;

describe('memberships', () => {
  test.each([0, 1, 2, 5])('of %s rooms: each is found by its room, and none other', (count) => {
    const all = Array.from({ length: count }, (_, index) => membership(`room/${index}`));
    const memberships = createMemberships();
    for (const it of all) memberships.set(it.room, it);
    expect(memberships.size).toBe(count);
    expect(all.map(({ room }) => memberships.get(room))).toEqual(all);
    expect(memberships.get('room/another')).toBeUndefined();
    expect([...memberships.values()]).toEqual(all);
  });

  test.each([1, 2, 5])('of %s rooms: a room that is joined anew has the newer', (count) => {
    const memberships = createMemberships();
    for (let index = 0; index < count; index++) memberships.set(`room/${index}`, membership(`room/${index}`));
    const newer = membership('room/0');
    memberships.set('room/0', newer);
    expect(memberships.get('room/0')).toBe(newer);
    expect(memberships.size).toBe(count);
  });

  test.each([1, 2, 5])('of %s rooms: one is left and entered again, another is none of its', (count) => {
    const memberships = createMemberships();
    for (let index = 0; index < count; index++) memberships.set(`room/${index}`, membership(`room/${index}`));
    memberships.delete('room/another');
    expect(memberships.size).toBe(count);
    memberships.delete('room/0');
    expect([memberships.size, memberships.get('room/0')]).toEqual([count - 1, undefined]);
    memberships.set('room/0', membership('room/0'));
    expect(memberships.size).toBe(count);
    memberships.clear();
    expect([memberships.size, ...memberships.values()]).toEqual([0]);
  });

  test.each([1, 3])('of %s rooms: each may be left while they are gone through', (count) => {
    const memberships = createMemberships();
    for (let index = 0; index < count; index++) memberships.set(`room/${index}`, membership(`room/${index}`));
    for (const { room } of memberships.values()) memberships.delete(room);
    expect(memberships.size).toBe(0);
  });
});
