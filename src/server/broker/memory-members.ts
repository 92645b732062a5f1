// Who is in the rooms of one process, in the order in which they came, and what that costs.
import type { MemberTuple } from '../../protocol/frames.js';
import { weightOf } from '../util/memory-size.js';

/** What a member costs beside its user and presence, in bytes. */
const memberWeight = 200;

const weigh = (member: MemberTuple | undefined): number => (member ? memberWeight + weightOf(member) : 0);

/** What the members of all rooms cost together, in bytes. */
export interface Together {
  weight: number;
}

/** The members of one room. */
export class RoomMembers {
  private readonly all: Map<string, MemberTuple> = new Map();
  private readonly together: Together;

  constructor(together: Together) {
    this.together = together;
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

  /** A member that is there already keeps its place. */
  put(member: MemberTuple): void {
    this.together.weight += weigh(member) - weigh(this.all.get(member[0]));
    this.all.set(member[0], member);
  }

  /** Whether the member was there. */
  remove(id: string): boolean {
    this.together.weight -= weigh(this.all.get(id));
    return this.all.delete(id);
  }
}
