// What nodes ask of one another: said in a channel, and kept for a while for whoever does not hear it. Each acts on it once.
import type { NodeEvent } from '../../../broker/broker.js';
import type { ServerPorts } from '../../../ports/ports.js';
import type { Calls } from '../client/script-runner.js';
import type { Keys } from '../store/keys.js';
import { randomText } from '../../system/random.js';
import * as scripts from '../store/scripts.js';
import { readNodeEvent, writeNodeEvent } from '../store/wire.js';

interface TellPorts {
  readonly steady: ServerPorts['steady'];
  readonly calls: Calls;
  readonly keys: Keys;
  /** Keeps it that every session of a user was ended, so many ms ago. */
  readonly ended: (user: string, agoMs: number) => Promise<void>;
  readonly failed: (error: unknown) => void;
  readonly foreign: (channel: string) => void;
}

export interface Tells {
  tell(event: NodeEvent): void;
  listen(listener: (event: NodeEvent, age: number) => void): () => void;
  /** Something was said in the nodes' channel. */
  heard(text: string): void;
  /** Says what could not be said, and looks at what was not heard. */
  look(): Promise<void>;
}

/** How long it is kept, in ms: a node that was away for longer has lost its connections by then. */
const life = 600_000;
/** Events that wait for Redis, one of a kind for each user, and those known to have been acted on. */
const mostWaiting = 20_000;
const mostKnown = 40_000;

interface Waiting {
  readonly event: NodeEvent;
  readonly id: string;
  /** When it was told first. */
  readonly at: number;
}

export function createTells({ steady, calls, keys, ended, failed, foreign }: TellPorts): Tells {
  const listeners = new Set<(event: NodeEvent, age: number) => void>();
  const known = new Set<string>();
  /** By kind and user: told again, it is the newer one. */
  const waiting = new Map<string, Waiting>();
  /** The last that was looked at, as Redis numbers them; none before the first look. */
  let since = '';
  let looking: Promise<void> | null = null;

  /** Acts on it, unless it was acted on. */
  function act(event: NodeEvent, id: string, age: number): void {
    if (known.has(id)) return;
    known.add(id);
    for (const oldest of known) {
      if (known.size <= mostKnown) break;
      known.delete(oldest);
    }
    for (const listener of listeners) listener(event, age);
  }

  function heard(text: string, age = 0): void {
    const it = readNodeEvent(text);
    if (it) act(it.event, it.id, it.waited + age);
    else foreign(keys.nodeChannel);
  }

  async function say(it: Waiting): Promise<void> {
    const agoMs = Math.round(steady() - it.at);
    try {
      await Promise.all([
        calls.script(
          scripts.tell,
          [keys.told],
          [keys.nodeChannel, writeNodeEvent(it.event, it.id, agoMs), life],
        ),
        it.event.type === 'disconnect' && ended(it.event.user, agoMs),
      ]);
    } catch (error) {
      // Said again, it is the same event.
      const key = `${it.event.type} ${it.event.user}`;
      if ((waiting.get(key)?.at ?? -Infinity) <= it.at && (waiting.has(key) || waiting.size < mostWaiting))
        waiting.set(key, it);
      failed(error);
    }
  }

  async function lookOnce(): Promise<void> {
    const again = [...waiting.values()];
    waiting.clear();
    await Promise.all(again.map(say));
    const [end, found] = (await calls.script(scripts.told, [keys.told], [since])) as [string, string[]];
    since = end;
    for (let at = 0; at < found.length; at += 2) heard(found[at] ?? '', Number(found[at + 1]));
  }

  return {
    tell(event) {
      const it = { event, id: randomText(9), at: steady() };
      // Here at once, whether or not the others can be told.
      act(event, it.id, 0);
      void say(it);
    },
    listen(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    heard,
    look: () =>
      (looking ??= lookOnce().finally(() => {
        looking = null;
      })),
  };
}
