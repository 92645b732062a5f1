// Commands of one node to all: published in a channel, and kept for a while for nodes that do not hear it.
// Each node acts on a command once.
import type { NodeEvent } from '../../../broker/broker.js';
import type { ServerPorts } from '../../../ports/ports.js';
import type { ScriptRunner } from '../client/script-runner.js';
import type { RedisKeys } from '../store/keys.js';
import { randomText } from '../../system/random.js';
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

export interface NodeCommands {
  tell(event: NodeEvent): void;
  listen(listener: (event: NodeEvent, age: number) => void): () => void;
  /** Handles a text from the channel of the nodes. */
  hearCommand(text: string): void;
  /** Sends the commands that could not be sent, and reads those that were not heard. */
  catchUp(): Promise<void>;
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

export function createNodeCommands({
  monotonicNow,
  runner,
  keys,
  recordEnded,
  failed,
  reportForeign,
}: NodeCommandPorts): NodeCommands {
  const listeners = new Set<(event: NodeEvent, age: number) => void>();
  const knownIds = new Set<string>();
  /** By kind and user: a later command replaces an earlier one. */
  const waiting = new Map<string, WaitingCommand>();
  /** The id in Redis of the last command that was read. Empty before the first look. */
  let since = '';
  let catchingUp: Promise<void> | null = null;

  /** Acts on a command, unless this node did already. */
  function actOnce(event: NodeEvent, id: string, age: number): void {
    if (knownIds.has(id)) return;
    knownIds.add(id);
    for (const oldest of knownIds) {
      if (knownIds.size <= maxKnownCommands) break;
      knownIds.delete(oldest);
    }
    for (const listener of listeners) listener(event, age);
  }

  function hearCommand(text: string, age = 0): void {
    const it = readNodeEvent(text);
    if (it) actOnce(it.event, it.id, it.waited + age);
    else reportForeign(keys.nodeChannel);
  }

  async function sendCommand(it: WaitingCommand): Promise<void> {
    const agoMs = Math.round(monotonicNow() - it.at);
    try {
      await Promise.all([
        runner.script(
          scripts.tell,
          [keys.nodeCommands],
          [keys.nodeChannel, writeNodeEvent(it.event, it.id, agoMs), commandLifeMs],
        ),
        it.event.type === 'disconnect' && recordEnded(it.event.user, agoMs),
      ]);
    } catch (error) {
      // It is sent again as the same command, so that no node acts on it twice.
      const key = `${it.event.type} ${it.event.user}`;
      if (
        (waiting.get(key)?.at ?? -Infinity) <= it.at &&
        (waiting.has(key) || waiting.size < maxWaitingCommands)
      )
        waiting.set(key, it);
      failed(error);
    }
  }

  async function catchUpOnce(): Promise<void> {
    const again = [...waiting.values()];
    waiting.clear();
    await Promise.all(again.map(sendCommand));
    const [end, found] = (await runner.script(scripts.told, [keys.nodeCommands], [since])) as [
      string,
      string[],
    ];
    since = end;
    for (let at = 0; at < found.length; at += 2) hearCommand(found[at] ?? '', Number(found[at + 1]));
  }

  return {
    tell(event) {
      const it = { event, id: randomText(9), at: monotonicNow() };
      // This node acts at once, whether or not the others can be reached.
      actOnce(event, it.id, 0);
      void sendCommand(it);
    },
    listen(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    hearCommand,
    catchUp: () =>
      (catchingUp ??= catchUpOnce().finally(() => {
        catchingUp = null;
      })),
  };
}
