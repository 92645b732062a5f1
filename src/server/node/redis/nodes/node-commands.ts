// What nodes ask of one another: said in a channel, and kept for a while for whoever does not hear it. Each acts on it once.
import type { NodeEvent } from '../../../broker/broker.js';
import type { ServerPorts } from '../../../ports/ports.js';
import type { ScriptRunner } from '../client/script-runner.js';
import type { RedisKeys } from '../store/keys.js';
import { randomText } from '../../system/random.js';
import * as scripts from '../store/scripts.js';
import { readNodeEvent, writeNodeEvent } from '../store/wire.js';

interface NodeCommandPorts {
  readonly monotonicNow: ServerPorts['monotonicNow'];
  readonly runner: ScriptRunner;
  readonly keys: RedisKeys;
  /** Keeps it that every session of a user was ended, so many ms ago. */
  readonly recordEnded: (user: string, agoMs: number) => Promise<void>;
  readonly failed: (error: unknown) => void;
  readonly reportForeign: (channel: string) => void;
}

export interface NodeCommands {
  tell(event: NodeEvent): void;
  listen(listener: (event: NodeEvent, age: number) => void): () => void;
  /** Something was said in the nodes' channel. */
  hearCommand(text: string): void;
  /** Says what could not be said, and looks at what was not heard. */
  catchUp(): Promise<void>;
}

/** How long it is kept, in ms: a node that was away for longer has lost its connections by then. */
const commandLifeMs = 600_000;
/** Events that wait for Redis, one of a kind for each user, and those known to have been acted on. */
const maxWaitingCommands = 20_000;
const maxKnownCommands = 40_000;

interface WaitingCommand {
  readonly event: NodeEvent;
  readonly id: string;
  /** When it was told first. */
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
  /** By kind and user: told again, it is the newer one. */
  const waiting = new Map<string, WaitingCommand>();
  /** The last that was looked at, as Redis numbers them; none before the first look. */
  let since = '';
  let catchingUp: Promise<void> | null = null;

  /** Acts on it, unless it was acted on. */
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
      // Said again, it is the same event.
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
      // Here at once, whether or not the others can be told.
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
