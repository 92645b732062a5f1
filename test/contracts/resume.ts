// A member that may not read history is told again what it missed, and nothing else, whatever position it claims: on every broker and every node.
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ServerFrame } from '../../src/protocol/frames.js';
import type { PositionTuple } from '../../src/protocol/position.js';
import type { Broker } from '../../src/server/broker/broker.js';
import { serve, type AuthorizeRequest } from '../../src/server/rooms/serve.js';
import { rawWorld, type RawPeer, type RawWorld } from '../support/server/raw.js';

type Joined = Extract<ServerFrame, { type: 'joined' }>;

export interface ResumeWorld {
  /** Two nodes have each a broker of its own, over one store. */
  readonly brokers: readonly [Broker, Broker];
  /** Resolves once the brokers have answered what they were asked before. */
  turn(): Promise<void>;
  close(): Promise<void>;
}

export function resumeContract(name: string, make: () => Promise<ResumeWorld>): void {
  let made: ResumeWorld;
  let nodes: readonly RawWorld[];
  let allows: (request: AuthorizeRequest) => boolean | Promise<boolean>;
  let seq = 0;
  const mayAlways = ({ action, user }: AuthorizeRequest): boolean =>
    action !== 'history' || user?.id === 'alice';
  const asked: string[] = [];

  beforeEach(async () => {
    made = await make();
    allows = mayAlways;
    asked.length = 0;
    seq = 0;
    nodes = made.brokers.map((broker) =>
      rawWorld({
        rooms: [
          serve('lobby', {
            authorize(request) {
              asked.push(`${request.action} ${request.user?.id ?? ''}`);
              return allows(request);
            },
          }),
        ],
        broker,
      }),
    );
  });
  afterEach(() => made.close());

  async function until(isThere: () => boolean): Promise<void> {
    for (let turns = 0; turns < 1_000 && !isThere(); turns++) {
      await made.turn();
      for (const node of nodes) await node.clock.advance(0);
    }
    if (!isThere()) throw new Error('nothing came of it');
  }
  const nodeAt = (index: number): RawWorld => nodes[index] as RawWorld;
  async function member(id: string, node = 0, session = `session-of-${id}`): Promise<RawPeer> {
    const peer = nodeAt(node).peer();
    await peer.hello(id, session);
    await until(() => peer.of('welcome').length > 0 || peer.closed !== null);
    return peer;
  }
  /** The answer to a join. */
  async function join(
    peer: RawPeer,
    position: PositionTuple | null = null,
    history = 0,
  ): Promise<Joined | Extract<ServerFrame, { type: 'error' }>> {
    const answers = (): readonly ServerFrame[] => [...peer.of('joined'), ...peer.of('error')];
    const before = answers();
    await peer.say({ type: 'join', room: 'lobby', position, history, presence: null });
    await until(() => answers().length > before.length);
    return answers().find((it) => !before.includes(it)) as Joined;
  }
  async function say(peer: RawPeer, data: string): Promise<void> {
    const before = peer.of('ack').length;
    await peer.say({
      type: 'send',
      room: 'lobby',
      seq: ++seq,
      id: `x${seq}`,
      message: 'm',
      version: 1,
      data,
      follows: null,
    });
    await until(() => peer.of('ack').length > before);
  }
  const told = (it: unknown): unknown[] => [
    (it as Joined).recovered,
    (it as Joined).why,
    (it as Joined).messages.map((entry) => entry[8]),
  ];
  const positionIn = (it: unknown): PositionTuple => (it as Joined).position;
  /** Alice, who may read history, has said three things. */
  async function alice(): Promise<RawPeer> {
    const peer = await member('alice');
    await join(peer);
    for (const text of ['secret 1', 'secret 2', 'secret 3']) await say(peer, text);
    return peer;
  }
  const denied = [false, 'denied', []];

  test(`T28 P22 ${name}: a newcomer that claims a position gets none of the history that it may not read`, async () => {
    const peer = await alice();
    const mallory = await member('mallory');
    const newcomer = await join(mallory, null, 100);
    expect(told(newcomer)).toEqual([false, null, []]);
    const [epoch, offset] = positionIn(newcomer);
    const [first] = peer.of('message').map(({ entry }) => [epoch, entry[0], entry[1]] as PositionTuple);
    // From the start, from a place that another was told of, and from one that fits nothing.
    for (const position of [[epoch, 0, ''], first, [epoch, 1, 'no tag']] as PositionTuple[]) {
      const answer = await join(mallory, position, 100);
      expect(told(answer)).toEqual(denied);
      expect(positionIn(answer)).toEqual([epoch, offset, positionIn(newcomer)[2]]);
    }
    expect(told(await join(mallory, ['another epoch', 0, '']))).toEqual([false, 'epoch', []]);
    // A session of the same user that was never here.
    const other = await member('mallory', 1, 'another-session');
    expect(told(await join(other, [epoch, 0, ''], 100))).toEqual(denied);
    expect(mallory.of('message')).toEqual([]);
  });

  test(`T28 P22 ${name}: who may read history is told all of it from any position`, async () => {
    const peer = await alice();
    const [epoch] = positionIn(peer.of('joined')[0]);
    expect(told(await join(await member('alice', 1, 'another-session'), [epoch, 0, '']))).toEqual([
      true,
      null,
      ['secret 1', 'secret 2', 'secret 3'],
    ]);
  });

  test(`T28 P22 ${name}: who merely lost the connection is told exactly what it missed, at either node, and nothing is asked for it`, async () => {
    const peer = await alice();
    let bob = await member('bob');
    let position = positionIn(await join(bob));
    for (const [index, node] of [0, 1, 0].entries()) {
      bob.events.closed(1006);
      await say(peer, `missed ${index}`);
      bob = await member('bob', node);
      const answer = await join(bob, position);
      expect(told(answer)).toEqual([true, null, [`missed ${index}`]]);
      const last = (answer as Joined).messages.at(-1);
      position = [position[0], last?.[0] ?? 0, last?.[1] ?? ''];
    }
    expect(asked.filter((it) => it === 'history bob')).toEqual([]);
  });

  test(`T28 P22 ${name}: who was in the room while it was empty is told what came since`, async () => {
    const peer = await member('alice');
    const bob = await member('bob');
    await join(peer);
    const position = positionIn(await join(bob));
    bob.events.closed(1006);
    await say(peer, 'the first');
    expect(told(await join(await member('bob', 1), position))).toEqual([true, null, ['the first']]);
  });

  const ends: readonly (readonly [name: string, end: (bob: RawPeer) => Promise<unknown>])[] = [
    [
      'put out while it was there',
      async (bob) => {
        nodeAt(1).core.reauthorize('bob');
        await until(() => bob.of('left').length > 0);
      },
    ],
    [
      'refused as it joined again',
      async (bob) => {
        bob.events.closed(1006);
        return join(await member('bob', 1));
      },
    ],
    [
      'disconnected',
      async (bob) => {
        nodeAt(0).core.disconnect('bob');
        await until(() => bob.closed !== null);
      },
    ],
    [
      'disconnected while its connection was lost',
      async (bob) => {
        bob.events.closed(1006);
        nodeAt(1).core.disconnect('bob');
      },
    ],
  ];
  test.each(ends)(
    `T28 P22 ${name}: who was %s is told nothing from before it was let in again`,
    async (_name, end) => {
      const peer = await alice();
      const bob = await member('bob');
      const position = positionIn(await join(bob));
      allows = (request) => request.user?.id !== 'bob' && mayAlways(request);
      await end(bob);
      await say(peer, 'said while bob was out');
      allows = mayAlways;
      const back = await member('bob', 1);
      const answer = await join(back, position, 100);
      expect(told(answer)).toEqual(denied);
      // From there on it is told again.
      await say(peer, 'said since');
      back.events.closed(1006);
      const again = await join(await member('bob'), positionIn(answer));
      expect(told(again)).toEqual([true, null, ['said since']]);
      expect(told(await join(await member('bob', 1), position))).toEqual(denied);
    },
  );

  test(`T28 P22 ${name}: where nobody can say whether it may read history, the join is tried again`, async () => {
    const peer = await alice();
    const [epoch] = positionIn(peer.of('joined')[0]);
    const mallory = await member('mallory');
    allows = ({ action }) => (action === 'history' ? new Promise(() => undefined) : true);
    await mallory.say({ type: 'join', room: 'lobby', position: [epoch, 0, ''], history: 0, presence: null });
    await until(() => asked.includes('history mallory'));
    await nodeAt(0).clock.advance(10_000);
    expect(mallory.of('error')).toMatchObject([{ ref: 'lobby', code: 'unavailable' }]);
    expect(mallory.of('joined')).toEqual([]);
  });
}
