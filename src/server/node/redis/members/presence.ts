// The members of rooms on all nodes. The members of a node that is gone are removed.
import { kinds, type Check } from '../../../../protocol/checks.js';
import { json } from '../../../../protocol/codec.js';
import type { MemberTuple } from '../../../../protocol/frames.js';
import type { ServerPorts } from '../../../ports/ports.js';
import { repeat } from '../../../util/repeat.js';
import type { RunInRoom, ScriptRunner } from '../client/script-runner.js';
import type { RedisKeys } from '../store/keys.js';
import { renewLeaseEveryMs } from '../store/lease.js';
import * as scripts from '../store/member-scripts.js';
import { encodeItems, encodeTuple } from '../store/wire.js';
import { NodeLease } from './node-lease.js';

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

/** A member as Redis has it. */
interface KeptMember {
  readonly node: string;
  readonly order: number;
  readonly member: MemberTuple;
}

const codec = json();
const isMember = kinds['member'] as Check;

function readKeptMember(text: string): KeptMember | null {
  const [node = '', order = '', ...rest] = text.split('\n');
  try {
    const [member] = codec.decode(rest.join('\n'));
    return isMember(member) ? { node, order: Number(order), member: member as MemberTuple } : null;
  } catch {
    return null;
  }
}

export class RedisPresence {
  private readonly context: PresencePorts;
  private readonly lease: NodeLease;
  /** Whether the members in Redis may differ from those of this node. */
  private mayDiffer = true;
  /** The whole members of this node, by room. A change is a change of what a member showed before. */
  private readonly ownMembers = new Map<string, Map<string, MemberTuple>>();

  constructor(context: PresencePorts) {
    this.context = context;
    const { runner, keys, node, ports } = context;
    const onDoubt = (): void => {
      this.mayDiffer = true;
    };
    this.lease = new NodeLease({ runner, keys, node, monotonicNow: ports.monotonicNow, onDoubt });
  }

  async enter(room: string, member: MemberTuple): Promise<void> {
    let members = this.ownMembers.get(room);
    if (!members) this.ownMembers.set(room, (members = new Map()));
    members.set(member[0], member);
    await this.sayOrDoubt(this.writeMember(room, member));
  }

  async update(room: string, id: string, patch: Readonly<Record<string, unknown>>): Promise<void> {
    const { runInRoom, keys, node } = this.context;
    const members = this.ownMembers.get(room);
    const before = members?.get(id);
    if (!members || !before) return;
    const presence = { ...(before[2] as object | null), ...patch };
    const member: MemberTuple = [before[0], before[1], presence];
    members.set(id, member);
    const args = [keys.channel(room), id, node, encodeTuple(member), encodeTuple([id, patch])];
    await this.sayOrDoubt(runInRoom(room, scripts.update, [keys.members(room)], args));
  }

  async exit(room: string, id: string): Promise<void> {
    const members = this.ownMembers.get(room);
    members?.delete(id);
    if (members?.size === 0) this.ownMembers.delete(room);
    await this.sayOrDoubt(this.removeMembers(room, [[id, this.context.node]]));
  }

  async members(room: string): Promise<readonly MemberTuple[]> {
    const { lease } = this;
    const here = await this.readMembers(room);
    // A node that is not known may have come since, or it is gone, and no other node was in its rooms.
    if (here.some(({ node }) => !lease.isAlive(node))) await lease.renew();
    const gone = here.filter(({ node }) => !lease.isAlive(node));
    const removals = gone.map(({ node, member: [id] }) => [id, node] as const);
    if (removals.length > 0) await this.removeMembers(room, removals);
    return here.flatMap(({ node, member }) => (lease.isAlive(node) ? [member] : []));
  }

  /** Members left a room, as another node said. If one of them is here, this node says again that it is. */
  heardLeft(room: string, ids: readonly string[]): void {
    const members = this.ownMembers.get(room);
    if (members && ids.some((id) => members.has(id))) this.mayDiffer = true;
  }

  /** Says that this node is there, until it ends, and removes the members of nodes that are not. */
  startLease({ rooms, failed }: LeasePorts): { end(): Promise<void> } {
    const renew = (): void => {
      this.renewAndRepair(rooms).catch((error: unknown) => {
        // Redis was away: other nodes may have removed the members of this node, and changes may be lost.
        this.mayDiffer = true;
        failed(error);
      });
    };
    renew();
    const stop = repeat(this.context.ports.setTimer, renewLeaseEveryMs, renew);
    return {
      end: async () => {
        stop();
        await this.lease.end().catch(failed);
      },
    };
  }

  private async renewAndRepair(rooms: () => readonly string[]): Promise<void> {
    await this.lease.renew();
    if (!this.mayDiffer) return;
    this.mayDiffer = false;
    for (const room of new Set([...rooms(), ...this.ownMembers.keys()])) await this.repairRoom(room);
  }

  /** Makes Redis agree with the members of this node, and removes those of nodes that are gone. */
  private async repairRoom(room: string): Promise<void> {
    const own = this.ownMembers.get(room);
    const nodeOf = new Map<string, string>();
    for (const { member, node } of await this.readMembers(room)) nodeOf.set(member[0], node);
    const gone = [...nodeOf].filter(([id, node]) =>
      node === this.context.node ? !own?.has(id) : !this.lease.isAlive(node),
    );
    if (gone.length > 0) await this.removeMembers(room, gone);
    for (const member of own?.values() ?? []) {
      // A member that is at another node by now belongs to that node.
      const node = nodeOf.get(member[0]) ?? this.context.node;
      if (node === this.context.node) await this.writeMember(room, member);
    }
  }

  /** Waits for a call that changes members. If it fails, Redis may be wrong about them. */
  private async sayOrDoubt(call: Promise<unknown>): Promise<void> {
    try {
      await call;
    } catch (error) {
      this.mayDiffer = true;
      throw error;
    }
  }

  private async readMembers(room: string): Promise<readonly KeptMember[]> {
    const { runInRoom, keys } = this.context;
    const reply = await runInRoom(room, scripts.members, [keys.members(room)], []);
    const fields = reply as string[];
    // Every second text is a member. The counter among them is none.
    return fields
      .flatMap((text, index) =>
        index % 2 === 1 && fields[index - 1] !== '' ? (readKeptMember(text) ?? []) : [],
      )
      .toSorted((one, other) => one.order - other.order);
  }

  private writeMember(room: string, member: MemberTuple): Promise<unknown> {
    const { runInRoom, keys, node, roomLifeMs } = this.context;
    const args = [keys.channel(room), member[0], node, encodeTuple(member), roomLifeMs];
    return runInRoom(room, scripts.enter, [keys.members(room)], args);
  }

  private removeMembers(
    room: string,
    members: readonly (readonly [id: string, node: string])[],
  ): Promise<unknown> {
    const { runInRoom, keys } = this.context;
    const args = members.flatMap(([id, node]) => [id, node, encodeItems([id])]);
    return runInRoom(room, scripts.exit, [keys.members(room)], [keys.channel(room), ...args]);
  }
}
