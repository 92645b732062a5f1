// Who is in which room, whichever node has them; and whose node is gone is gone with it.
import type { MemberTuple } from '../../../../protocol/frames.js';
import { kinds, type Check } from '../../../../protocol/checks.js';
import { json } from '../../../../protocol/codec.js';
import type { ServerPorts } from '../../../ports/ports.js';
import { repeat } from '../../../util/repeat.js';
import type { Calls } from '../client/script-runner.js';
import type { Keys } from '../store/keys.js';
import * as scripts from '../store/scripts.js';
import { inside, write } from '../store/wire.js';

interface PresencePorts {
  /** The clock and the timers by which leases are renewed. */
  readonly ports: Pick<ServerPorts, 'steady' | 'after'>;
  readonly calls: Calls;
  readonly call: (
    room: string,
    script: string,
    keys: readonly string[],
    args: readonly (string | number)[],
  ) => Promise<unknown>;
  readonly keys: Keys;
  readonly node: string;
  readonly life: number;
}

interface LeasePorts {
  /** Rooms with members on this node. */
  readonly rooms: () => readonly string[];
  readonly failed: (error: unknown) => void;
}

export interface Presence {
  enter(room: string, member: MemberTuple): Promise<void>;
  update(room: string, id: string, patch: Readonly<Record<string, unknown>>): Promise<void>;
  exit(room: string, id: string): Promise<void>;
  members(room: string): Promise<readonly MemberTuple[]>;
  /** Others said who left a room: where one of them is here, it is said again that it is. */
  heardLeft(room: string, ids: readonly string[]): void;
  /** Says that this node is there until it ends, and takes out the members of nodes that are not. */
  lease(ports: LeasePorts): { end(): Promise<void> };
}

/** How long a node is believed to be there without a word, and how often it says one, in ms. */
const believed = 15_000;
const every = 5_000;

interface Kept {
  readonly node: string;
  readonly order: number;
  readonly member: MemberTuple;
}

const codec = json();

function keptOf(text: string): Kept | null {
  const [node = '', order = '', ...rest] = text.split('\n');
  try {
    const [member] = codec.decode(rest.join('\n'));
    return (kinds['member'] as Check)(member)
      ? { node, order: Number(order), member: member as MemberTuple }
      : null;
  } catch {
    return null;
  }
}

export function createPresence({ ports, call, calls, keys, node, life }: PresencePorts): Presence {
  /** Whether what Redis has of our members may differ from what is so. */
  let doubt = true;
  const told = async (saying: Promise<unknown>): Promise<void> => {
    try {
      await saying;
    } catch (error) {
      doubt = true;
      throw error;
    }
  };

  /** Nodes that are there, as Redis said last, and until when this one is. */
  let alive = new Set<string>();
  let until = '';
  let ended = false;
  /** Where this one's time had run out, so had everybody's: they have a while to say that they are there. */
  let spared = new Set<string>();
  let sparedUntil = 0;
  const sayHere = async (): Promise<void> => {
    // Who is gone is not there again because it is asked who is.
    if (ended) return;
    const [kept, ends, nodes] = (await calls.script(
      scripts.lease,
      [keys.nodes],
      [node, believed, until],
    )) as [string, string, string[]];
    if (kept === '0' && until !== '') {
      spared = new Set([...alive, ...(ports.steady() < sparedUntil ? spared : [])]);
      sparedUntil = ports.steady() + believed;
    }
    const now = new Set(ports.steady() < sparedUntil ? [...nodes, ...spared] : nodes);
    if (kept === '0' || [...alive].some((it) => !now.has(it))) doubt = true;
    alive = now;
    until = ends;
  };

  /** Members of this node, whole, by room: a change is of what they showed before. */
  const own = new Map<string, Map<string, MemberTuple>>();

  async function all(room: string): Promise<readonly Kept[]> {
    const answer = (await call(
      room,
      "return redis.call('HGETALL', KEYS[1])",
      [keys.members(room)],
      [],
    )) as string[];
    // Every second is what is kept; the counter among them is no member.
    return answer
      .flatMap((text, at) => (at % 2 === 1 && answer[at - 1] !== '' ? (keptOf(text) ?? []) : []))
      .toSorted((one, two) => one.order - two.order);
  }

  const takeOut = (room: string, some: readonly (readonly [id: string, node: string])[]): Promise<unknown> =>
    call(
      room,
      scripts.exit,
      [keys.members(room)],
      [keys.channel(room), ...some.flatMap(([id, its]) => [id, its, inside([id])])],
    );

  return {
    async enter(room, member) {
      let mine = own.get(room);
      if (!mine) own.set(room, (mine = new Map()));
      mine.set(member[0], member);
      await told(
        call(
          room,
          scripts.enter,
          [keys.members(room)],
          [keys.channel(room), member[0], node, write(member), life],
        ),
      );
    },
    async update(room, id, patch) {
      const mine = own.get(room);
      const before = mine?.get(id);
      if (!mine || !before) return;
      const member: MemberTuple = [before[0], before[1], { ...(before[2] as object | null), ...patch }];
      mine.set(id, member);
      await told(
        call(
          room,
          scripts.update,
          [keys.members(room)],
          [keys.channel(room), id, node, write(member), write([id, patch])],
        ),
      );
    },
    async exit(room, id) {
      const mine = own.get(room);
      mine?.delete(id);
      if (mine?.size === 0) own.delete(room);
      await told(takeOut(room, [[id, node]]));
    },
    async members(room) {
      const here = await all(room);
      // One that came since, or one that is gone and in whose rooms nobody else was.
      if (here.some((it) => !alive.has(it.node))) await sayHere();
      const gone = here.filter((it) => !alive.has(it.node));
      if (gone.length > 0)
        await takeOut(
          room,
          gone.map(({ node: its, member: [id] }) => [id, its]),
        );
      return here.flatMap((it) => (alive.has(it.node) ? [it.member] : []));
    },
    heardLeft(room, ids) {
      const mine = own.get(room);
      if (mine && ids.some((id) => mine.has(id))) doubt = true;
    },
    lease({ rooms, failed }) {
      async function say(): Promise<void> {
        await sayHere();
        if (!doubt) return;
        doubt = false;
        for (const room of new Set([...rooms(), ...own.keys()])) {
          const mine = own.get(room);
          const here = new Map((await all(room)).map((it) => [it.member[0], it.node]));
          const gone = [...here].filter(([id, its]) => (its === node ? !mine?.has(id) : !alive.has(its)));
          if (gone.length > 0) await takeOut(room, gone);
          // One that is at another node by now is that node's.
          for (const member of mine?.values() ?? [])
            if ((here.get(member[0]) ?? node) === node)
              await call(
                room,
                scripts.enter,
                [keys.members(room)],
                [keys.channel(room), member[0], node, write(member), life],
              );
        }
      }
      const sayAgain = (): void => {
        say().catch((error: unknown) => {
          // Redis was away: others may take us for gone, and what we said of our members may be lost.
          doubt = true;
          failed(error);
        });
      };
      sayAgain();
      const stop = repeat(ports.after, every, sayAgain);
      return {
        async end() {
          ended = true;
          stop();
          await calls.command('ZREM', keys.nodes, node).catch(failed);
        },
      };
    },
  };
}
