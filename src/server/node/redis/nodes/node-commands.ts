// Commands of one node to all: published in a channel, and kept for a while for nodes that do not hear it.
// Each node acts on a command once.
import type { NodeEvent } from '../../../broker/broker.js';
import type { ServerPorts } from '../../../ports/ports.js';
import { compositeKey } from '../../../util/composite-key.js';
import { randomText } from '../../system/random.js';
import type { ScriptRunner } from '../client/script-runner.js';
import type { RedisKeys } from '../store/keys.js';
import * as scripts from '../store/node-scripts.js';
import { readNodeEvent, writeNodeEvent } from '../store/wire.js';

interface NodeCommandPorts {
  readonly monotonicNow: ServerPorts['monotonicNow'];
  readonly runner: ScriptRunner;
  readonly keys: RedisKeys;
  /** Records that every session of a user was ended `agoMs` ago. */
  readonly recordEnded: (user: string, agoMs: number) => Promise<void>;
  readonly failed: (error: unknown) => void;
  readonly reportForeign: (channel: string) => void;
}

/** How long a command is kept, in ms. A node that was away for longer has lost its connections by then. */
const commandLifeMs = 600_000;
/**
 * The commands that wait for Redis, at most, one of a kind for each user; and the ids of commands that were
 * acted on.
 */
const maxWaitingCommands = 20_000;
const maxKnownCommands = 40_000;

interface WaitingCommand {
  readonly event: NodeEvent;
  readonly id: string;
  /** When the command was given first. */
  readonly at: number;
}

export class NodeCommands {
  private readonly ports: NodeCommandPorts;
  private readonly listeners = new Set<(event: NodeEvent, age: number) => void>();
  private readonly knownIds = new Set<string>();
  /** By kind and user: a later command replaces an earlier one. */
  private readonly waiting = new Map<string, WaitingCommand>();
  /** The id in Redis of the last command that was read. Empty before the first look. */
  private lastId = '';
  private catchingUp: Promise<void> | null = null;

  constructor(ports: NodeCommandPorts) {
    this.ports = ports;
  }

  /** Sends a command to every node. */
  tell(event: NodeEvent): void {
    const command = { event, id: randomText(9), at: this.ports.monotonicNow() };
    // This node acts at once, whether or not the others can be reached.
    this.actOnce(event, command.id, 0);
    void this.send(command);
  }

  /** Calls back with each command, until the returned function is called. */
  listen(listener: (event: NodeEvent, age: number) => void): () => void {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  }

  /** Handles a text from the channel of the nodes. */
  hearCommand(text: string, age = 0): void {
    const { keys, reportForeign } = this.ports;
    const command = readNodeEvent(text);
    if (command) this.actOnce(command.event, command.id, command.waited + age);
    else reportForeign(keys.nodeChannel);
  }

  /** Sends the commands that could not be sent, and reads those that were not heard. */
  catchUp(): Promise<void> {
    return (this.catchingUp ??= this.catchUpOnce().finally(() => {
      this.catchingUp = null;
    }));
  }

  /** Acts on a command, unless this node did already. */
  private actOnce(event: NodeEvent, id: string, age: number): void {
    if (this.knownIds.has(id)) return;
    this.knownIds.add(id);
    for (const oldest of this.knownIds) {
      if (this.knownIds.size <= maxKnownCommands) break;
      this.knownIds.delete(oldest);
    }
    for (const listener of this.listeners) listener(event, age);
  }

  private async send(command: WaitingCommand): Promise<void> {
    const { runner, keys, monotonicNow, recordEnded, failed } = this.ports;
    const { event, id, at } = command;
    const agoMs = Math.round(monotonicNow() - at);
    const args = [keys.nodeChannel, writeNodeEvent(event, id, agoMs), commandLifeMs];
    try {
      await Promise.all([
        runner.script(scripts.tell, [keys.nodeCommands], args),
        event.type === 'disconnect' && recordEnded(event.user, agoMs),
      ]);
    } catch (error) {
      this.sendLater(command);
      failed(error);
    }
  }

  /** Keeps a command that could not be sent. It stays the same command, so that no node acts on it twice. */
  private sendLater(command: WaitingCommand): void {
    const { waiting } = this;
    const key = compositeKey(command.event.type, command.event.user);
    const other = waiting.get(key);
    if (other ? other.at <= command.at : waiting.size < maxWaitingCommands) waiting.set(key, command);
  }

  private async catchUpOnce(): Promise<void> {
    const { runner, keys } = this.ports;
    const commands = [...this.waiting.values()];
    this.waiting.clear();
    await Promise.all(commands.map((command) => this.send(command)));
    const reply = await runner.script(scripts.told, [keys.nodeCommands], [this.lastId]);
    const [lastId, found] = reply as [lastId: string, found: string[]];
    this.lastId = lastId;
    for (let index = 0; index < found.length; index += 2)
      this.hearCommand(found[index] ?? '', Number(found[index + 1]));
  }
}
