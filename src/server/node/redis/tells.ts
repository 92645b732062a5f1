// What nodes ask of one another: said in a channel, and kept for a while for whoever does not hear it. Each acts on it once.
import type { NodeEvent } from '../../broker.js';
import type { Calls } from './calls.js';
import type { Keys } from './keys.js';
import { randomText } from './random.js';
import * as scripts from './scripts.js';
import { readNodeEvent, writeNodeEvent } from './wire.js';

interface TellPorts {
  readonly calls: Calls;
  readonly keys: Keys;
  readonly failed: (error: unknown) => void;
  readonly foreign: (channel: string) => void;
}

export interface Tells {
  tell(event: NodeEvent): void;
  listen(listener: (event: NodeEvent) => void): () => void;
  /** Something was said in the nodes' channel. */
  heard(text: string): void;
  /** Says what could not be said, and looks at what was not heard. */
  look(): Promise<void>;
}

/** How long it is kept, in ms: a node that was away for longer has lost its connections by then. */
const life = 600_000;
/** Events that wait for Redis, and those known to have been acted on. */
const mostWaiting = 1_000;
const mostKnown = 4_000;

export function createTells({ calls, keys, failed, foreign }: TellPorts): Tells {
  const listeners = new Set<(event: NodeEvent) => void>();
  const known = new Set<string>();
  let waiting: string[] = [];
  /** The last that was looked at, as Redis numbers them; none before the first look. */
  let since = '';
  let looking: Promise<void> | null = null;

  function heard(text: string): void {
    const it = readNodeEvent(text);
    if (!it) return foreign(keys.nodeChannel);
    if (known.has(it.id)) return;
    known.add(it.id);
    for (const oldest of known) {
      if (known.size <= mostKnown) break;
      known.delete(oldest);
    }
    for (const listener of listeners) listener(it.event);
  }

  async function say(text: string): Promise<void> {
    try {
      await calls.script(scripts.tell, [keys.told], [keys.nodeChannel, text, life]);
    } catch (error) {
      // Here at least it counts at once. Said again, it is the same event.
      heard(text);
      if (waiting.length < mostWaiting) waiting.push(text);
      failed(error);
    }
  }

  async function lookOnce(): Promise<void> {
    const again = waiting;
    waiting = [];
    await Promise.all(again.map(say));
    const [end, texts] = (await calls.script(scripts.told, [keys.told], [since])) as [string, string[]];
    since = end;
    for (const text of texts) heard(text);
  }

  return {
    tell(event) {
      void say(writeNodeEvent(event, randomText(9)));
    },
    listen(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    heard,
    look: () => (looking ??= lookOnce().finally(() => { looking = null; })),
  };
}
