// The rooms that a connection is in. Most connections are in one, and a map with one room takes five times as
// much memory as the room.
import type { Membership, Memberships } from './peer.js';

// A class, because ten thousand idle connections have one each: see connection/frame-queue.ts.
class OneOrMany implements Memberships {
  private one: Membership | undefined;
  private many: Map<string, Membership> | undefined;

  get size(): number {
    return this.many?.size ?? (this.one ? 1 : 0);
  }

  get(room: string): Membership | undefined {
    if (this.many) return this.many.get(room);
    return this.one?.room === room ? this.one : undefined;
  }

  set(room: string, membership: Membership): void {
    if (this.many) this.many.set(room, membership);
    else if (!this.one || this.one.room === room) this.one = membership;
    else {
      this.many = new Map([
        [this.one.room, this.one],
        [room, membership],
      ]);
      this.one = undefined;
    }
  }

  delete(room: string): void {
    if (this.many) this.many.delete(room);
    else if (this.one?.room === room) this.one = undefined;
  }

  clear(): void {
    this.one = this.many = undefined;
  }

  values(): Iterable<Membership> {
    return this.many?.values() ?? (this.one ? [this.one] : []);
  }
}

export const createMemberships = (): Memberships => new OneOrMany();
