// Random walks over the machine: whatever happens, in whatever order, its invariants hold.
import { expect, test } from 'vitest';
import type { Context } from '../../src/client/machine/model/context.js';
import { deadline, transition } from '../support/machine/all-slices.js';
import type { Effect } from '../../src/client/machine/model/effects.js';
import type { Event } from '../../src/client/machine/model/events.js';
import { attemptsOf } from '../../src/client/machine/model/connection-state.js';
import { initialState, type State } from '../../src/client/machine/model/state.js';
import type { EntryTuple, ServerFrame } from '../../src/protocol/frames.js';
import { defaultLimits } from '../../src/protocol/limits.js';
import { seededRandom } from '../../src/testing/random.js';
import { contextFor } from '../support/machine/machine.js';
import { must } from '../support/machine/must.js';
import { seed, sized } from '../support/sizes.js';

const events = sized(100_000, 500_000);
const roomIds = ['a', 'b'];

interface World {
  readonly random: () => number;
  readonly pick: <T>(items: readonly T[]) => T;
  nextId: number;
  readonly tops: Map<string, { epoch: string; offset: number; tag: string }>;
  /** How often connections are lost, asked for or closed, of 1. */
  readonly unrest: number;
}

function entryFor(world: World, room: string): EntryTuple {
  const top = world.tops.get(room) ?? { epoch: 'e', offset: 0, tag: '' };
  const tag = `t${world.nextId++}`;
  world.tops.set(room, { ...top, offset: top.offset + 1, tag });
  return [top.offset + 1, tag, top.tag, `m${world.nextId++}`, 0, null, 'post', 1, null];
}

function frameFor(world: World, state: State): ServerFrame {
  const { pick, random } = world;
  const room = pick(roomIds);
  const own = state.rooms.get(room);
  const top = world.tops.get(room) ?? { epoch: 'e', offset: 0, tag: '' };
  const known = state.rooms.get(room)?.log.position;
  const seqs = own
    ? Array.from(own.outbox.entries.values()).flatMap(({ seq }) => (seq === null ? [] : [seq]))
    : [];
  switch (
    pick([
      'welcome',
      'joined',
      'joined',
      'message',
      'message',
      'ack',
      'ack',
      'nack',
      'presence',
      'ping',
      'pong',
      'goaway',
      'error',
      'reset',
      'left',
      'history',
    ] as const)
  ) {
    case 'welcome':
      return {
        type: 'welcome',
        member: 'me',
        heartbeat: [1_000, 500],
        limits: defaultLimits,
        time: 0,
        node: 'n',
        expires: random() < 0.2 ? 5_000 : null,
        user: null,
      };
    case 'joined': {
      const recovered = known !== null && known !== undefined && random() < 0.7;
      return {
        type: 'joined',
        room,
        position: recovered ? [known.epoch, known.offset, known.tag] : [top.epoch, top.offset, top.tag],
        recovered,
        why: recovered ? null : 'epoch',
        messages: [],
        members: [
          ['me', null, {}],
          ['you', null, {}],
        ],
        last: pick([0, ...seqs]),
        more: false,
      };
    }
    case 'message':
      return { type: 'message', room, entry: entryFor(world, room) };
    case 'ack':
      return { type: 'ack', room, epoch: 'e', receipts: [[pick([1, ...seqs]), 1, 0, random() < 0.5, null]] };
    case 'nack':
      return {
        type: 'nack',
        room,
        seq: pick([1, ...seqs]),
        code: pick(['rejected', 'gap', 'limited', 'unavailable', 'conflict', 'no-such-code']),
        after: pick([null, 0, 100]),
        reason: null,
        details: null,
      };
    case 'presence':
      return {
        type: 'presence',
        room,
        joined: [['x', null, {}]],
        left: ['you'],
        changed: [['me', { a: 1 }]],
      };
    case 'ping':
      return { type: 'ping', time: 0 };
    case 'pong':
      return { type: 'pong', time: pick([0, 5]) };
    case 'goaway':
      return { type: 'goaway', within: 100 };
    case 'error':
      return {
        type: 'error',
        ref: pick([room, 1, null]),
        code: pick(['denied', 'unavailable', 'whatever']),
        reason: '',
      };
    case 'reset':
      return { type: 'reset', room, why: 'rewound' };
    case 'left':
      return { type: 'left', room, code: pick([null, 'denied']) };
    case 'history':
      return { type: 'history', ref: 1, messages: [], more: false };
  }
}

function eventFor(world: World, state: State): Event {
  const { pick, random } = world;
  const current = pick(attemptsOf(state.connection)) ?? Math.max(1, state.attempt);
  const attempt = random() < 0.1 ? Math.max(1, current - 1) : current;
  const room = pick(roomIds);
  const roll = random();
  if (roll < 0.3)
    return {
      type: 'received',
      attempt,
      frames: Array.from({ length: 1 + Math.floor(random() * 4) }, () => frameFor(world, state)),
    };
  if (roll < 0.45) return { type: 'pump' };
  if (roll < 0.55) return { type: 'tick' };
  // Where it is calm, connections last.
  if (roll >= 0.62 && roll < 0.72 && random() > world.unrest) return { type: 'pump' };
  if (roll < 0.62) return { type: 'opened', attempt, transport: 'websocket', codec: 'json', token: null };
  if (roll < 0.66)
    return {
      type: 'lost',
      attempt,
      code: pick([1000, 1006, 1012, 4000, 4009, 4400, 4401, 4403, 4409, 4999]),
      reason: '',
    };
  if (roll < 0.72) return { type: pick(['connect', 'connect', 'connect', 'reconnect', 'close']) };
  if (roll < 0.78) return { type: pick(['online', 'offline', 'visible', 'hidden', 'pagehide', 'pageshow']) };
  if (roll < 0.82) return { type: 'retain', room, history: 10, presence: pick([null, { a: 1 }]) };
  if (roll < 0.84) return { type: 'release', room };
  if (roll < 0.86) return { type: 'list-retain', room, list: '*', limit: 10, ref: world.nextId++ };
  if (roll < 0.94) {
    const count = 1 + Math.floor(random() * 3);
    return {
      type: 'send',
      messages: Array.from({ length: count }, () => ({
        id: `s${world.nextId++}`,
        room,
        type: 'post',
        version: 1,
        data: null,
        displayData: null,
        bytes: 10,
        ttl: pick([null, null, 50]),
        coalesceKey: pick([null, null, 'k']),
      })),
    };
  }
  if (roll < 0.96) return { type: 'presence', room, patch: { b: 1 } };
  if (roll < 0.97) return { type: 'broadcast', room, message: 'c', version: 1, data: null };
  if (roll < 0.98) return { type: 'token', attempt, token: 't' };
  return { type: pick(['retry', 'discard', 'abort']), room, id: `s${Math.floor(random() * world.nextId)}` };
}

/** The world's side of it: sockets that the effects opened and closed. */
function judge(
  sockets: Set<number>,
  settled: Set<string>,
  written: Map<string, number>,
  effects: readonly Effect[],
  state: State,
): void {
  for (const effect of effects) {
    if (effect.type === 'close') sockets.delete(effect.attempt);
    if (effect.type === 'open') sockets.add(effect.attempt);
    if (effect.type === 'settle') {
      for (const id of effect.ids) {
        must(!settled.has(id), `${id} settles once`);
        settled.add(id);
      }
    }
    if (effect.type === 'write') {
      must(sockets.has(effect.attempt), 'only what is open is written to', [...sockets, effect.attempt]);
      for (const frame of effect.frames) {
        if (frame.type !== 'send') continue;
        const key = `${state.session.key} ${frame.room} ${effect.attempt}`;
        const before = written.get(key);
        const follows = frame.follows ?? frame.seq - 1;
        must(
          before === undefined ||
            frame.seq <= before + 1 ||
            follows === before ||
            follows <= (state.rooms.get(frame.room)?.outbox.ackedSeq ?? 0),
          'numbers leave in order, or say that one is gone',
          [before, frame.seq],
        );
        written.set(key, frame.seq);
      }
    }
  }
}

test.each([1, 0.02])(
  `${events} random events keep the invariants, with an unrest of %s (SEED=${seed})`,
  (unrest) => {
    const random = seededRandom(seed);
    const world: World = {
      random,
      pick: (items) => items[Math.floor(random() * items.length)] as never,
      nextId: 1,
      tops: new Map(),
      unrest,
    };
    let now = 1_000;
    let context: Context = contextFor(now, random);
    let state = initialState({ key: 'k', instance: 'i' });
    const sockets = new Set<number>();
    const settled = new Set<string>();
    const sent: string[] = [];
    const written = new Map<string, number>();
    let alive = 0;
    let moving = 0;
    let staleSeen = 0;
    for (let count = 0; count < events; count++) {
      now += random() < 0.05 ? random() * 3_000 : random() * 20;
      context = { ...context, now };
      const event = eventFor(world, state);
      const before = state;
      const [next, effects] = transition(state, event, context);
      const stale = 'attempt' in event && !attemptsOf(before.connection).includes(event.attempt);
      if (stale) staleSeen++;
      must(!stale || (next === before && effects.length === 0), 'a stale event changes nothing', event);
      if (event.type === 'send') for (const { id } of event.messages) sent.push(id);
      if (event.type === 'lost') sockets.delete(event.attempt);
      state = next;
      judge(sockets, settled, written, effects, state);
      const { connection, signals } = state;
      const owns =
        connection.status === 'opening' || connection.status === 'greeting' || connection.status === 'live';
      must(
        sockets.size === attemptsOf(connection).length &&
          attemptsOf(connection).every((it) => sockets.has(it)),
        'a socket where the state owns one, and only there',
        [connection, ...sockets],
      );
      if (connection.status === 'live') alive++;
      if (attemptsOf(connection).length > 1) moving++;
      for (const { rejoiningFrom: asked, phase } of Array.from(
        state.rooms.values(),
        ({ membership }) => membership,
      ))
        must(
          !asked ||
            (connection.status === 'live' && (phase.status === 'joined' || phase.status === 'joining')),
          'a room moves with a live connection',
          [connection, phase],
        );
      must(event.type !== 'tick' || deadline(state) > now, 'a tick leaves nothing due', [
        connection,
        [...state.rooms.values()],
      ]);
      const waits = owns || (connection.status === 'waiting' && signals.visible && !signals.frozen);
      must(!waits || deadline(state) < Infinity, 'whoever waits has a deadline', connection);
      for (const own of state.rooms.values()) {
        let last = 0;
        for (const { seq, failure } of own.outbox.entries.values()) {
          if (failure || seq === null) continue;
          must(seq > last, 'order kept', [last, seq]);
          last = seq;
        }
      }
    }
    expect(alive, 'the walk spent time alive').toBeGreaterThan(events / 50);
    expect(moving, 'some of it on the move').toBeGreaterThanOrEqual(unrest === 1 ? 0 : events / 100);
    expect(staleSeen, 'and met stale events').toBeGreaterThan(events / 100);
    const [, last] = transition(state, { type: 'close' }, context);
    judge(sockets, settled, written, last, { ...state });
    const open = sent.filter((id) => !settled.has(id));
    expect(open, 'every promise settles at the latest on close').toEqual([]);
  },
);

test('10,000 received messages in batches of 100 are 100 changes of the state', () => {
  const random = seededRandom(1);
  const world: World = { random, pick: (items) => items[0] as never, nextId: 1, tops: new Map(), unrest: 1 };
  const context = contextFor(0, random);
  let state = initialState({ key: 'k', instance: 'i' });
  const step = (event: Event): void => {
    [state] = transition(state, event, context);
  };
  step({ type: 'retain', room: 'a', history: 0, presence: null });
  step({ type: 'list-retain', room: 'a', list: '*', limit: 100, ref: 1 });
  step({ type: 'connect' });
  step({ type: 'opened', attempt: 1, transport: 'websocket', codec: 'json', token: null });
  step({
    type: 'received',
    attempt: 1,
    frames: [
      {
        type: 'welcome',
        member: 'me',
        heartbeat: [1_000, 500],
        limits: defaultLimits,
        time: 0,
        node: 'n',
        expires: null,
        user: null,
      },
      {
        type: 'joined',
        room: 'a',
        position: ['e', 0, ''],
        recovered: false,
        why: null,
        messages: [],
        members: null,
        last: 0,
        more: false,
      },
    ],
  });
  let changes = 0;
  let delivered = 0;
  for (let batch = 0; batch < 100; batch++) {
    const before = state;
    const frames = Array.from({ length: 100 }, (): ServerFrame => ({
      type: 'message',
      room: 'a',
      entry: entryFor(world, 'a'),
    }));
    const [next, effects] = transition(state, { type: 'received', attempt: 1, frames }, context);
    state = next;
    if (state !== before) changes++;
    for (const effect of effects) if (effect.type === 'deliver') delivered += effect.messages.length;
  }
  expect(changes).toBeLessThanOrEqual(100);
  expect(delivered).toBe(10_000);
  expect(state.rooms.get('a')?.lists.byType.get('*')?.messages).toHaveLength(100);
});
