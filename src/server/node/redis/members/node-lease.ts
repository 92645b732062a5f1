// The lease of this node, by which the others know that it is there, and the nodes that have one.
import type { ServerPorts } from '../../../ports/ports.js';
import type { ScriptRunner } from '../client/script-runner.js';
import type { RedisKeys } from '../store/keys.js';
import { nodeLeaseMs } from '../store/lease.js';
import { lease as leaseScript } from '../store/node-scripts.js';

export interface LeaseContext {
  readonly runner: ScriptRunner;
  readonly keys: RedisKeys;
  readonly node: string;
  readonly monotonicNow: ServerPorts['monotonicNow'];
  /** A node is gone, or Redis lost the lease of this one: the members in Redis may be wrong. */
  readonly onDoubt: () => void;
}

export class NodeLease {
  private readonly context: LeaseContext;
  /** The nodes that are there, as Redis said last. */
  private aliveNodes: ReadonlySet<string> = new Set();
  /** The end of this node's lease, as Redis said last. */
  private leaseEnd = '';
  private isEnded = false;
  /**
   * If the lease of this node had run out, those of all nodes may have, because Redis was away. The others get a while
   * to renew theirs.
   */
  private sparedNodes: ReadonlySet<string> = new Set();
  private sparedUntil = 0;

  constructor(context: LeaseContext) {
    this.context = context;
  }

  isAlive(node: string): boolean {
    return this.aliveNodes.has(node);
  }

  /** Renews the lease, and learns which nodes are there. */
  async renew(): Promise<void> {
    // A question for the members must not renew the lease of a node that has ended.
    if (this.isEnded) return;
    const { runner, keys, node, onDoubt } = this.context;
    const args = [node, nodeLeaseMs, this.leaseEnd];
    const reply = await runner.script(leaseScript, [keys.nodes], args);
    const [kept, leaseEnd, nodes] = reply as [kept: string, leaseEnd: string, nodes: string[]];
    const wasLost = kept === '0';
    if (wasLost && this.leaseEnd !== '') this.spareKnownNodes();
    const alive = new Set(this.isSparing ? [...nodes, ...this.sparedNodes] : nodes);
    if (wasLost || [...this.aliveNodes].some((known) => !alive.has(known))) onDoubt();
    this.aliveNodes = alive;
    this.leaseEnd = leaseEnd;
  }

  /** Gives the lease up. */
  async end(): Promise<void> {
    this.isEnded = true;
    await this.context.runner.command('ZREM', this.context.keys.nodes, this.context.node);
  }

  private get isSparing(): boolean {
    return this.context.monotonicNow() < this.sparedUntil;
  }

  private spareKnownNodes(): void {
    this.sparedNodes = new Set([...this.aliveNodes, ...(this.isSparing ? this.sparedNodes : [])]);
    this.sparedUntil = this.context.monotonicNow() + nodeLeaseMs;
  }
}
