// A machine under a clock of the test's own: events in, effects out.
import type { ClientOptions } from '../../../src/client/options.js';
import type { Context } from '../../../src/client/machine/model/context.js';
import { deadline, transition } from './all-slices.js';
import type { Effect } from '../../../src/client/machine/model/effects.js';
import type { Event, Outgoing } from '../../../src/client/machine/model/events.js';
import { initialState, type State } from '../../../src/client/machine/model/state.js';
import type { ClientFrame, ServerFrame } from '../../../src/protocol/frames.js';
import { defaultLimits } from '../../../src/protocol/limits.js';
import { contextFor } from './machine.js';

export const welcome = (fields: Partial<Extract<ServerFrame, { type: 'welcome' }>> = {}): ServerFrame => ({
  type: 'welcome',
  member: 'me',
  heartbeat: [25_000, 10_000],
  limits: defaultLimits,
  time: 0,
  node: 'n',
  expires: null,
  user: null,
  ...fields,
});

export const joinedFrame = (
  room: string,
  fields: Partial<Extract<ServerFrame, { type: 'joined' }>> = {},
): ServerFrame => ({
  type: 'joined',
  room,
  position: ['e', 0, ''],
  recovered: false,
  why: null,
  messages: [],
  members: null,
  last: 0,
  more: false,
  ...fields,
});

/** Entry `offset` of a log whose tags are `t1`, `t2` … */
export const messageFrame = (
  room: string,
  offset: number,
  fields: {
    readonly id?: string;
    readonly data?: unknown;
    readonly sender?: string;
    readonly tag?: string;
    readonly previous?: string;
  } = {},
): ServerFrame => ({
  type: 'message',
  room,
  entry: [
    offset,
    fields.tag ?? `t${offset}`,
    fields.previous ?? (offset === 1 ? '' : `t${offset - 1}`),
    fields.id ?? `m${offset}`,
    0,
    fields.sender === undefined ? null : [fields.sender, null],
    'post',
    1,
    fields.data ?? offset,
  ],
});

export const outgoing = (id: string, fields: Partial<Outgoing> = {}): Outgoing => ({
  id,
  room: 'a',
  type: 'post',
  version: 1,
  data: id,
  displayData: id,
  bytes: 10,
  ttl: null,
  coalesceKey: null,
  ...fields,
});

export interface Machine {
  readonly state: State;
  readonly now: number;
  /** Everything the world was asked for since the last `take`. */
  take(): readonly Effect[];
  /** The frames among them. */
  written(): readonly ClientFrame[];
  dispatch(...events: readonly Event[]): Machine;
  receive(...frames: readonly ServerFrame[]): Machine;
  /** Moves time on, without an alarm: as a machine that slept. */
  sleep(ms: number): Machine;
  /** Moves time on, with every alarm that is due on the way. */
  pass(ms: number): Machine;
  /** Connected, welcome, with these rooms joined. */
  live(...rooms: readonly string[]): Machine;
  send(...messages: readonly Outgoing[]): Machine;
}

export function machine(
  options: Partial<ClientOptions> = {},
  random: () => number = () => 0.5,
  change: (context: Context) => Context = (context) => context,
): Machine {
  let now = 1_000_000;
  let state = initialState({ key: 'key', instance: 'instance' });
  let effects: Effect[] = [];
  const base = change(contextFor(now, random, options));

  const step = (event: Event): void => {
    const [next, more] = transition(state, event, { ...base, now });
    const changed = next !== state;
    state = next;
    effects.push(...more);
    // The driver pumps once a turn; here each event is a turn.
    if (changed && event.type !== 'pump') step({ type: 'pump' });
  };

  const self: Machine = {
    get state() {
      return state;
    },
    get now() {
      return now;
    },
    take() {
      const taken = effects;
      effects = [];
      return taken;
    },
    written: () => self.take().flatMap((effect) => (effect.type === 'write' ? effect.frames : [])),
    dispatch(...events) {
      for (const event of events) step(event);
      return self;
    },
    receive(...frames) {
      step({ type: 'received', attempt: state.attempt, frames });
      return self;
    },
    sleep(ms) {
      now += ms;
      return self;
    },
    pass(ms) {
      const until = now + ms;
      for (let next = deadline(state), rings = 0; next <= until; next = deadline(state)) {
        if (++rings > 10_000)
          throw new Error(`the machine rings for ever at ${JSON.stringify(state.connection)}`);
        now = Math.max(now, next);
        step({ type: 'tick' });
      }
      now = until;
      return self;
    },
    live(...rooms) {
      for (const room of rooms) step({ type: 'retain', room, history: 0, presence: null });
      step({ type: 'connect' });
      step({ type: 'opened', attempt: state.attempt, transport: 'websocket', codec: 'json', token: 't' });
      self.receive(welcome({ time: now }));
      for (const room of rooms) self.receive(joinedFrame(room));
      // The first ping, which measures latency.
      self.pass(0);
      self.take();
      return self;
    },
    send(...messages) {
      step({ type: 'send', messages });
      return self;
    },
  };
  return self;
}

export const typesOf = (effects: readonly Effect[]): string[] =>
  effects.map((effect) =>
    effect.type === 'write' ? `write ${effect.frames.map(({ type }) => type).join(' ')}` : effect.type,
  );
export const settledOf = (effects: readonly Effect[]): (readonly [ids: string, outcome: unknown])[] =>
  effects.flatMap((effect) =>
    effect.type === 'settle'
      ? [
          [
            effect.ids.join(' '),
            'code' in effect.outcome ? effect.outcome.code : effect.outcome.offset,
          ] as const,
        ]
      : [],
  );
