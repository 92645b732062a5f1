// The members of rooms on all nodes. The members of a node that is gone are removed.
import type { MemberTuple } from '../../../../protocol/frames.js';
import { kinds, type Check } from '../../../../protocol/checks.js';
import { json } from '../../../../protocol/codec.js';
import type { ServerPorts } from '../../../ports/ports.js';
import { repeat } from '../../../util/repeat.js';
import type { RunInRoom, ScriptRunner } from '../client/script-runner.js';
import type { RedisKeys } from '../store/keys.js';
import { nodeLeaseMs, renewLeaseEveryMs } from '../store/lease.js';
import * as scripts from '../store/scripts.js';
import { encodeItems, encodeTuple } from '../store/wire.js';

interface PresencePorts {
  /** The clock and timers by which the lease of this node is renewed. */
  readonly ports: Pick<ServerPorts, 'monotonicNow' | 'setTimer'>;
  readonly runner: ScriptRunner;
  readonly runInRoom: RunInRoom;
  readonly keys: RedisKeys;
  readonly node: string;
  readonly roomLifeMs: number;
}

interface LeasePorts {
  /** The rooms with members on this node. */
  readonly rooms: () => readonly string[];
  readonly failed: (error: unknown) => void;
}

export interface RedisPresence {
  enter(room: string, member: MemberTuple): Promise<void>;
  update(room: string, id: string, patch: Readonly<Record<string, unknown>>): Promise<void>;
  exit(room: string, id: string): Promise<void>;
  members(room: string): Promise<readonly MemberTuple[]>;
  /** Members left a room, as another node said. If one of them is here, this node says again that it is. */
  heardLeft(room: string, ids: readonly string[]): void;
  /** Says that this node is there, until it ends, and removes the members of nodes that are not. */
  startLease(ports: LeasePorts): { end(): Promise<void> };
}

interface KeptMember {
  readonly node: string;
  readonly order: number;
  readonly member: MemberTuple;
}

const codec = json();

function readKeptMember(text: string): KeptMember | null {
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

export function createRedisPresence({
  ports,
  runInRoom,
  runner,
  keys,
  node,
  roomLifeMs,
}: PresencePorts): RedisPresence {
  /** Whether the members in Redis may differ from those of this node. */
  let mayDiffer = true;
  const sayOrDoubt = async (saying: Promise<unknown>): Promise<void> => {
    try {
      await saying;
    } catch (error) {
      mayDiffer = true;
      throw error;
    }
  };

  /** The nodes that are there, as Redis said last, and when the lease of this node ends. */
  let aliveNodes = new Set<string>();
  let leaseEnd = '';
  let isEnded = false;
  /**
   * If the lease of this node had run out, those of all nodes may have, because Redis was away. The others
   * get a while to renew theirs.
   */
  let sparedNodes = new Set<string>();
  let sparedUntil = 0;
  const renewLease = async (): Promise<void> => {
    // A question for the members must not renew the lease of a node that has ended.
    if (isEnded) return;
    const [kept, ends, nodes] = (await runner.script(
      scripts.lease,
      [keys.nodes],
      [node, nodeLeaseMs, leaseEnd],
    )) as [string, string, string[]];
    if (kept === '0' && leaseEnd !== '') {
      sparedNodes = new Set([...aliveNodes, ...(ports.monotonicNow() < sparedUntil ? sparedNodes : [])]);
      sparedUntil = ports.monotonicNow() + nodeLeaseMs;
    }
    const now = new Set(ports.monotonicNow() < sparedUntil ? [...nodes, ...sparedNodes] : nodes);
    if (kept === '0' || [...aliveNodes].some((it) => !now.has(it))) mayDiffer = true;
    aliveNodes = now;
    leaseEnd = ends;
  };

  /** The whole members of this node, by room. A change is a change of what a member showed before. */
  const ownMembers = new Map<string, Map<string, MemberTuple>>();

  async function readMembers(room: string): Promise<readonly KeptMember[]> {
    const answer = (await runInRoom(
      room,
      "return redis.call('HGETALL', KEYS[1])",
      [keys.members(room)],
      [],
    )) as string[];
    // Every second text is a member. The counter among them is none.
    return answer
      .flatMap((text, at) => (at % 2 === 1 && answer[at - 1] !== '' ? (readKeptMember(text) ?? []) : []))
      .toSorted((one, two) => one.order - two.order);
  }

  const takeOut = (room: string, some: readonly (readonly [id: string, node: string])[]): Promise<unknown> =>
    runInRoom(
      room,
      scripts.exit,
      [keys.members(room)],
      [keys.channel(room), ...some.flatMap(([id, its]) => [id, its, encodeItems([id])])],
    );

  return {
    async enter(room, member) {
      let mine = ownMembers.get(room);
      if (!mine) ownMembers.set(room, (mine = new Map()));
      mine.set(member[0], member);
      await sayOrDoubt(
        runInRoom(
          room,
          scripts.enter,
          [keys.members(room)],
          [keys.channel(room), member[0], node, encodeTuple(member), roomLifeMs],
        ),
      );
    },
    async update(room, id, patch) {
      const mine = ownMembers.get(room);
      const before = mine?.get(id);
      if (!mine || !before) return;
      const member: MemberTuple = [before[0], before[1], { ...(before[2] as object | null), ...patch }];
      mine.set(id, member);
      await sayOrDoubt(
        runInRoom(
          room,
          scripts.update,
          [keys.members(room)],
          [keys.channel(room), id, node, encodeTuple(member), encodeTuple([id, patch])],
        ),
      );
    },
    async exit(room, id) {
      const mine = ownMembers.get(room);
      mine?.delete(id);
      if (mine?.size === 0) ownMembers.delete(room);
      await sayOrDoubt(takeOut(room, [[id, node]]));
    },
    async members(room) {
      const here = await readMembers(room);
      // A node that is not known may have come since, or it is gone, and no other node was in its rooms.
      if (here.some((it) => !aliveNodes.has(it.node))) await renewLease();
      const gone = here.filter((it) => !aliveNodes.has(it.node));
      if (gone.length > 0)
        await takeOut(
          room,
          gone.map(({ node: its, member: [id] }) => [id, its]),
        );
      return here.flatMap((it) => (aliveNodes.has(it.node) ? [it.member] : []));
    },
    heardLeft(room, ids) {
      const mine = ownMembers.get(room);
      if (mine && ids.some((id) => mine.has(id))) mayDiffer = true;
    },
    startLease({ rooms, failed }) {
      async function say(): Promise<void> {
        await renewLease();
        if (!mayDiffer) return;
        mayDiffer = false;
        for (const room of new Set([...rooms(), ...ownMembers.keys()])) {
          const mine = ownMembers.get(room);
          const here = new Map((await readMembers(room)).map((it) => [it.member[0], it.node]));
          const gone = [...here].filter(([id, its]) =>
            its === node ? !mine?.has(id) : !aliveNodes.has(its),
          );
          if (gone.length > 0) await takeOut(room, gone);
          // A member that is at another node by now belongs to that node.
          for (const member of mine?.values() ?? [])
            if ((here.get(member[0]) ?? node) === node)
              await runInRoom(
                room,
                scripts.enter,
                [keys.members(room)],
                [keys.channel(room), member[0], node, encodeTuple(member), roomLifeMs],
              );
        }
      }
      const sayAgain = (): void => {
        say().catch((error: unknown) => {
          // Redis was away: other nodes may have removed the members of this node, and changes may be lost.
          mayDiffer = true;
          failed(error);
        });
      };
      sayAgain();
      const stop = repeat(ports.setTimer, renewLeaseEveryMs, sayAgain);
      return {
        async end() {
          isEnded = true;
          stop();
          await runner.command('ZREM', keys.nodes, node).catch(failed);
        },
      };
    },
  };
}
