// The members of rooms in one process, in the order in which they came, and the memory that they take.
import type { MemberTuple } from '../../protocol/frames.js';
import { memorySizeOf } from '../util/memory-size.js';

/** The memory of a member beside its user and presence, in bytes. */
const memberBytes = 200;

const bytesOf = (member: MemberTuple | undefined): number =>
  member ? memberBytes + memorySizeOf(member) : 0;

/** The memory that the members of all rooms take. */
export interface MembersMemory {
  bytes: number;
}

/** The members of one room. */
export class RoomMembers {
  private readonly all: Map<string, MemberTuple> = new Map();
  private readonly memory: MembersMemory;

  constructor(together: MembersMemory) {
    this.memory = together;
  }

  get size(): number {
    return this.all.size;
  }

  get(id: string): MemberTuple | undefined {
    return this.all.get(id);
  }

  list(): MemberTuple[] {
    return [...this.all.values()];
  }

  /** Adds a member. One that is there already keeps its place. */
  put(member: MemberTuple): void {
    this.memory.bytes += bytesOf(member) - bytesOf(this.all.get(member[0]));
    this.all.set(member[0], member);
  }

  /** Removes a member. Returns whether it was there. */
  remove(id: string): boolean {
    this.memory.bytes -= bytesOf(this.all.get(id));
    return this.all.delete(id);
  }
}
