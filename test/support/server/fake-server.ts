// A server of the test's own: it hears whole frames, says what it likes, and may be left for a real one.
import { attemptsBy } from '../../../src/client/attempts.js';
import { createClientWith, type Client } from '../../../src/client/client.js';
import { onMicrotask } from '../../../src/client/edge/frame.js';
import type { Connect, LinkEvents } from '../../../src/client/edge/link.js';
import type { Signal } from '../../../src/client/edge/signals.js';
import type { Logger } from '../../../src/client/edge/logger.js';
import type { ClientOptions } from '../../../src/client/options.js';
import { json, type Codec, type Encoded } from '../../../src/protocol/codec.js';
import type { ClientFrame, ServerFrame } from '../../../src/protocol/frames.js';
import { parseClientFrame, serverTuple } from '../../../src/protocol/parse.js';
import { subprotocolOf } from '../../../src/protocol/version.js';
import { virtualClock, type TestClock } from '../../../src/testing/clock.js';
import { idsFrom, seededRandom } from '../../../src/testing/random.js';
import { welcome } from '../machine/run.js';

/** A connection as the server has it. */
export interface FakeLink {
  /** What the client said, in order. */
  readonly heard: readonly ClientFrame[];
  /** How many messages that were. */
  readonly messages: number;
  /** How it ended at the client. */
  readonly closed: { readonly code: number; readonly reason: string } | null;
  of<T extends ClientFrame['type']>(type: T): Extract<ClientFrame, { type: T }>[];
  open(): void;
  say(...frames: readonly ServerFrame[]): void;
  /** A frame of this protocol or none. */
  sayTuple(...values: readonly unknown[]): void;
  sayRaw(message: Encoded): void;
  /** Ends it from this side. */
  close(code: number): void;
}

export interface FakeServerOptions extends Partial<Omit<ClientOptions, 'codecs'>> {
  readonly codec?: Codec;
  readonly clock?: TestClock;
  /** Does what the server does on each frame, a ms after it was said. */
  readonly on?: (frame: ClientFrame, link: FakeLink) => void;
  /** Where connections go while the fake server is away. */
  readonly elsewhere?: Connect;
  readonly random?: () => number;
}

export interface FakeServer {
  readonly client: Client;
  readonly clock: TestClock;
  readonly links: readonly FakeLink[];
  /** The newest. */
  readonly link: FakeLink;
  /** What was logged. */
  readonly warnings: readonly string[];
  readonly errors: readonly string[];
  /** Whether connections come here. */
  there: boolean;
  readonly signal: (signal: Signal) => void;
  /** Moves the client's clock on and nothing else, as sleep does. */
  sleep(ms: number): void;
  /** Connects, opens the newest link and welcomes the client. */
  greet(fields?: Parameters<typeof welcome>[0]): Promise<FakeLink>;
}

export function fakeServer({
  codec = json(),
  clock = virtualClock(),
  on,
  elsewhere,
  random = () => 0.5,
  ...options
}: FakeServerOptions = {}): FakeServer {
  const links: FakeLink[] = [];
  const warnings: string[] = [];
  const errors: string[] = [];
  const listeners = new Set<(signal: Signal) => void>();
  let slept = 0;

  const linkOf = (
    events: LinkEvents,
  ): {
    readonly link: FakeLink;
    readonly hear: (data: Encoded) => void;
    readonly end: (code: number, reason: string) => void;
  } => {
    const heard: ClientFrame[] = [];
    let messages = 0;
    let closed: FakeLink['closed'] = null;
    const link: FakeLink = {
      heard,
      get messages() {
        return messages;
      },
      get closed() {
        return closed;
      },
      of: (type) => heard.filter((frame) => frame.type === type) as never,
      open() {
        events.opened(subprotocolOf(codec.name));
      },
      say: (...frames) => {
        link.sayRaw(codec.join(frames.map((frame) => copy(codec.encode(serverTuple(frame))))));
      },
      sayTuple: (...values) => {
        link.sayRaw(copy(codec.encode(values)));
      },
      sayRaw(message) {
        if (!closed) events.message(message);
      },
      close(code) {
        if (closed) return;
        closed = { code, reason: '' };
        events.closed(code, '');
      },
    };
    return {
      link,
      hear(data) {
        messages++;
        for (const tuple of codec.decode(data)) {
          const frame = parseClientFrame(tuple);
          if (!frame) throw new Error('the client sent an unknown frame');
          heard.push(frame);
          if (on)
            clock.after(1, () => {
              if (!closed) on(frame, link);
            });
        }
      },
      end(code, reason) {
        closed ??= { code, reason };
      },
    };
  };

  const connect: Connect = (url, protocols, events) => {
    if (!server.there && elsewhere) return elsewhere(url, protocols, events);
    const { link, hear, end } = linkOf(events);
    links.push(link);
    return { transport: 'websocket', send: hear, close: end };
  };
  const note =
    (lines: string[]): Logger['warn'] =>
    (message, details) =>
      lines.push(details instanceof Error ? `${message}: ${details.message}` : message);
  const client = createClientWith(
    { url: 'ws://test', logger: { warn: note(warnings), error: note(errors) }, codecs: [codec], ...options },
    {
      clock: { now: () => clock.now() + slept, after: clock.after },
      attempts: attemptsBy(connect),
      signals(listener) {
        listeners.add(listener);
        return () => {
          listeners.delete(listener);
        };
      },
      random,
      randomId: idsFrom(seededRandom(3)),
      schedule: onMicrotask,
    },
  );

  const server: FakeServer = {
    client,
    clock,
    links,
    get link() {
      const link = links.at(-1);
      if (!link) throw new Error('nothing was opened');
      return link;
    },
    warnings,
    errors,
    there: true,
    signal(signal) {
      for (const listener of listeners) listener(signal);
    },
    sleep(ms) {
      slept += ms;
    },
    async greet(fields) {
      client.connect();
      await clock.advance(0);
      server.link.open();
      await clock.advance(0);
      server.link.say(welcome({ time: clock.now(), ...fields }));
      await clock.advance(0);
      return server.link;
    },
  };
  return server;
}

const copy = (part: Encoded): Encoded => (typeof part === 'string' ? part : part.slice());
