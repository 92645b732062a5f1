// A node among others: what it says of itself, and how it gets rid of what is more than its share.
import { describe, expect, test } from 'vitest';
import type { NodeLoad } from '../../../src/server/broker/broker.js';
import { memoryBroker } from '../../../src/server/broker/memory-broker.js';
import { surplusOf } from '../../../src/server/cluster/rebalance.js';
import { serve } from '../../../src/server/rooms/serve.js';
import { rawWorld, type RawPeer, type RawWorld } from '../../support/server/raw.js';

const load = (node: string, connections: number, fields: Partial<NodeLoad> = {}): NodeLoad => ({
  node,
  connections,
  rooms: 0,
  draining: false,
  full: false,
  ...fields,
});

describe('the surplus of a node', () => {
  test('is what it has above the mean, beyond the tolerance', () => {
    const loads = [load('a', 120), load('b', 80)];
    expect(surplusOf('a', loads, 0.1)).toBe(20);
    expect(surplusOf('b', loads, 0.1)).toBe(0);
    expect(surplusOf('a', loads, 0.2)).toBe(0);
  });

  test('is no more than others have room for: a full or draining node has none, and a draining one carries no share', () => {
    expect(surplusOf('a', [load('a', 120), load('b', 0, { full: true })], 0.1)).toBe(0);
    expect(surplusOf('a', [load('a', 120), load('b', 0, { draining: true })], 0.1)).toBe(0);
    expect(
      surplusOf('a', [load('a', 90), load('b', 60, { full: true }), load('c', 30)], 0.1),
      'the mean is 60',
    ).toBe(30);
    expect(
      surplusOf('a', [load('a', 150), load('b', 90, { draining: true }), load('c', 50)], 0.1),
      'the mean is 100',
    ).toBe(50);
  });

  test('is nothing alone, while it drains itself, or where it is not known', () => {
    expect(surplusOf('a', [load('a', 1_000)], 0)).toBe(0);
    expect(surplusOf('a', [load('a', 100, { draining: true }), load('b', 0)], 0)).toBe(0);
    expect(surplusOf('x', [load('a', 100), load('b', 0)], 0)).toBe(0);
  });
});

/** Two nodes of one cluster, under one clock each. */
function twoNodes(): readonly [RawWorld, RawWorld] {
  const broker = memoryBroker({ now: () => 0, randomId: () => 'id' });
  const make = (node: string): RawWorld => rawWorld({ rooms: [serve('lobby')], broker, node });
  return [make('a'), make('b')];
}

async function crowd(world: RawWorld, count: number): Promise<readonly RawPeer[]> {
  const peers = Array.from({ length: count }, () => world.peer());
  for (const [index, peer] of peers.entries()) await peer.hello(`user-${index}`, `session-of-user-${index}`);
  return peers;
}

describe('cluster', () => {
  test('each node and its load, by name', async () => {
    const [a, b] = twoNodes();
    await crowd(a, 3);
    expect(await a.core.cluster()).toEqual([load('a', 3), load('b', 0)]);
    expect(await b.core.cluster()).toEqual([load('a', 3), load('b', 0)]);
    await b.core.close();
    expect(await a.core.cluster()).toEqual([load('a', 3)]);
  });

  test('a node that drains says so', async () => {
    const [a, b] = twoNodes();
    await a.core.drain({ over: 0 });
    expect(await b.core.cluster()).toEqual([load('a', 0, { draining: true }), load('b', 0)]);
  });

  test('a node that is full says so, takes nobody, and has room again when somebody goes', async () => {
    const world = rawWorld({ rooms: [], connections: { total: 2 }, node: 'a' });
    const [first] = await crowd(world, 2);
    expect(world.core.refuses()).toBe('full');
    expect(world.peer().closed).toEqual({ code: 1013, reason: 'too many connections' });
    expect(world.core.stats()).toMatchObject({ connections: 2, full: true });
    first?.events.closed(1000);
    expect(world.core.refuses()).toBeNull();
    expect(world.peer().closed).toBeNull();
  });
});

describe('rebalance', () => {
  test('asks the surplus to move, spread over time, nobody twice within a minute, and stops when it is told to', async () => {
    const [a] = twoNodes();
    const peers = await crowd(a, 100);
    const asked = (): number => peers.filter((peer) => peer.of('goaway').length > 0).length;
    const stop = a.core.rebalance({ tolerance: 0.1, rate: 2 });
    await a.clock.advance(9_999);
    expect(asked()).toBe(0);
    await a.clock.advance(1);
    expect(asked(), 'two a second, for ten seconds').toBe(20);
    expect(peers.find((peer) => peer.of('goaway').length > 0)?.of('goaway')).toEqual([
      { type: 'goaway', within: 10_000 },
    ]);
    await a.clock.advance(20_000);
    expect(asked()).toBe(60);
    expect(Math.max(...peers.map((peer) => peer.of('goaway').length))).toBe(1);
    stop();
    await a.clock.advance(60_000);
    expect(asked()).toBe(60);
  });

  test('asks no more than its surplus, and nobody while the others have no room', async () => {
    const [a, b] = twoNodes();
    const peers = await crowd(a, 10);
    a.core.rebalance({ rate: 100 });
    void b.core.drain({ over: 0 });
    await a.clock.advance(30_000);
    expect(
      peers.some((peer) => peer.of('goaway').length > 0),
      'the other drains',
    ).toBe(false);
    const [c, d] = twoNodes();
    const others = await crowd(c, 10);
    await crowd(d, 2);
    c.core.rebalance({ rate: 100 });
    await c.clock.advance(10_000);
    expect(others.filter((peer) => peer.of('goaway').length > 0)).toHaveLength(4);
  });

  test('options that make no sense are refused', () => {
    const { core } = rawWorld({ rooms: [] });
    expect(() => core.rebalance({ rate: 0 })).toThrow(
      new TypeError('rebalance: rate must be a number above 0'),
    );
    expect(() => core.rebalance({ tolerance: -1 })).toThrow(TypeError);
    expect(() => rawWorld({ rooms: [], connections: { total: 0 } })).toThrow('connections.total');
  });

  test('nothing is left after close', async () => {
    const { core, clock } = rawWorld({ rooms: [] });
    core.rebalance();
    await core.close();
    await clock.advance(30_000);
    expect(clock.pending).toBe(0);
  });
});

describe('drain', () => {
  test('who has not been let in yet is sent elsewhere at once', async () => {
    const world = rawWorld({ rooms: [] });
    const stranger = world.peer();
    const [ada] = await crowd(world, 1);
    void world.core.drain({ over: 10_000 });
    await world.clock.advance(0);
    expect(stranger.closed?.code).toBe(1012);
    expect(ada?.closed).toBeNull();
  });

  test('asked for twice it is one', async () => {
    const world = rawWorld({ rooms: [] });
    const [ada] = await crowd(world, 1);
    const both = Promise.all([world.core.drain({ over: 5_000 }), world.core.drain({ over: 60_000 })]);
    await world.clock.advance(5_000);
    await both;
    expect(ada?.of('goaway')).toHaveLength(1);
    expect(ada?.closed?.code).toBe(1012);
  });
});
