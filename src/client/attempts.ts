// Attempts to connect: asks for url and token, opens a link, and encodes and decodes its frames.
import { json, type Codec, type Encoded } from '../protocol/codec.js';
import { RealtimeError } from '../protocol/error.js';
import type { ClientFrame, ServerFrame } from '../protocol/frames.js';
import { clientTuple, Malformed, parseServerFrame } from '../protocol/parse.js';
import { subprotocolOf } from '../protocol/version.js';
import { addressOf } from './edge/address.js';
import type { Connect, Link } from './edge/link.js';
import type { Effect } from './machine/model/effects.js';
import type { Event } from './machine/model/events.js';
import type { Slices } from './machine/model/slice.js';
import { allSlices } from './machine/slices.live.js';
import type { ClientOptions } from './options.js';

type EffectOf<T> = Extract<Effect, { type: T }>;

/** Each function performs the effect of its name. */
export interface Attempts {
  /** The codecs that the client offers. Before the code of the connection is loaded, there are none. */
  readonly codecs: readonly Codec[];
  /** The slices of the machine whose code is loaded. Some come with the code of the connection. */
  readonly slices: Slices;
  open(effect: EffectOf<'open'>): Promise<void>;
  write(effect: EffectOf<'write'>): void;
  close(effect: EffectOf<'close'>): void;
  /** Asks the app for the next token. */
  token(effect: EffectOf<'token'>): Promise<void>;
}

/** Returns the value of an option, which may be a function. */
const askApp = async <T>(option: T | (() => T | Promise<T>)): Promise<T> =>
  typeof option === 'function' ? (option as () => T | Promise<T>)() : option;

/** The client of the attempts. */
export interface AttemptsHost {
  readonly options: ClientOptions;
  readonly dispatch: (event: Event) => void;
  readonly isCurrent: (attempt: number) => boolean;
  /** Returns the bytes of the largest message that the server takes. */
  readonly maxMessageBytes: () => number;
  /** Resolves once the client knows its session, which may wait for a storage. */
  readonly ready: (address: string) => Promise<void> | undefined;
  readonly report: (error: RealtimeError) => void;
}

export type MakeAttempts = (host: AttemptsHost) => Attempts;

/** Makes attempts over one transport. */
export const attemptsBy =
  (connect: Connect): MakeAttempts =>
  (host) =>
    createAttempts(connect, host);

/** A link of an attempt. Its codec is null until the server has chosen one. */
interface OpenLink {
  readonly link: Link;
  readonly codec: Codec | null;
}

function createAttempts(connect: Connect, host: AttemptsHost): Attempts {
  const { options, dispatch, isCurrent, ready } = host;
  const codecs: readonly Codec[] = options.codecs?.length ? options.codecs : [json()];
  /** The number of requests for a token while connected. */
  let tokenRequests = 0;
  /** Links by attempt. During a handover there are two. */
  const links = new Map<number, OpenLink>();

  const openLink = async (attempt: number): Promise<void> => {
    const [url, token] = await Promise.all([askApp(options.url), askApp(options.token ?? null)]);
    if (!isCurrent(attempt)) return;
    const address = addressOf(url);
    if (!address) {
      // Another attempt would fail as well: the client closes.
      const reason = reportFailure(host, `url is ${String(url)}, not wss://…`, 'the attempt');
      return dispatch({ type: 'lost', attempt, code: 4400, reason });
    }
    await ready(address);
    if (!isCurrent(attempt)) return;
    const offers = codecs.map(({ name }) => subprotocolOf(name));
    const link = connect(address, offers, {
      opened(protocol) {
        const codec = codecs[offers.indexOf(protocol)] ?? null;
        links.set(attempt, { link, codec });
        if (codec) dispatch({ type: 'opened', attempt, transport: link.transport, codec: codec.name, token });
        else dispatch({ type: 'lost', attempt, code: 4406, reason: `'${protocol}' was not offered` });
      },
      message(data) {
        const codec = links.get(attempt)?.codec;
        if (codec) readMessage(host, attempt, codec, data);
      },
      better() {
        // A `goaway` makes the machine open the next connection first, and then leave this one.
        dispatch({ type: 'received', attempt, frames: [{ type: 'goaway', within: 0 }] });
      },
      closed(code, reason) {
        links.delete(attempt);
        dispatch({ type: 'lost', attempt, code, reason });
      },
    });
    if (isCurrent(attempt)) links.set(attempt, { link, codec: null });
  };

  return {
    codecs,
    slices: allSlices,
    open: ({ attempt }) =>
      openLink(attempt).catch((error: unknown) => {
        if (!isCurrent(attempt)) return;
        dispatch({ type: 'lost', attempt, code: 1006, reason: reportFailure(host, error, 'the attempt') });
      }),
    write({ attempt, frames }) {
      const { link, codec } = links.get(attempt) ?? {};
      if (link && codec) writeFrames(link, codec, frames, host.maxMessageBytes());
    },
    close({ attempt, code, reason }) {
      links.get(attempt)?.link.close(code, reason);
      links.delete(attempt);
    },
    async token({ attempt }) {
      const request = ++tokenRequests;
      const token = await askApp(options.token ?? null).catch((error: unknown) => {
        reportFailure(host, error, 'the token function');
        return null;
      });
      // A later request may have been answered before this one, with a newer token.
      if (request === tokenRequests) dispatch({ type: 'token', attempt, token });
    },
  };
}

/** Reports a failure, and returns the reason as a text. */
function reportFailure({ report }: AttemptsHost, error: unknown, what: string): string {
  const reason = `${what} failed: ${error instanceof Error ? error.message : String(error)}`;
  report(new RealtimeError('unavailable', reason, error));
  return reason;
}

/** Gives the frames of a message to the machine. A message that cannot be read ends the connection. */
function readMessage({ dispatch, report }: AttemptsHost, attempt: number, codec: Codec, data: Encoded): void {
  try {
    const frames: ServerFrame[] = [];
    for (const tuple of codec.decode(data)) {
      const frame = parseServerFrame(tuple);
      if (frame) frames.push(frame);
    }
    dispatch({ type: 'received', attempt, frames });
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    report(
      new RealtimeError(
        'invalid',
        `the server sent a message that is not of this protocol: ${error.message}`,
      ),
    );
    dispatch({ type: 'lost', attempt, code: 4400, reason: error.message });
  }
}

/** Sends frames in as few messages as the server's limit allows. */
function writeFrames(link: Link, codec: Codec, frames: readonly ClientFrame[], maxBytes: number): void {
  let parts: Encoded[] = [];
  let bytes = 0;
  const flush = (): void => {
    if (parts.length) link.send(codec.join(parts));
    parts = [];
    bytes = 0;
  };
  for (const frame of frames) {
    const part = codec.encode(clientTuple(frame));
    // A character takes three bytes at most. A byte of MessagePack may stand for three bytes of JSON, and the server
    // bounds the values of a message by what JSON would need.
    const size = part.length * 3;
    if (bytes + size > maxBytes) flush();
    parts.push(part);
    bytes += size + 1;
  }
  flush();
}
