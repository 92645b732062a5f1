// Attempts, each by itself: url and token are asked for, a link is opened, frames are coded both ways.
import { json, type Codec, type Encoded } from '../protocol/codec.js';
import { RealtimeError } from '../protocol/error.js';
import type { ServerFrame } from '../protocol/frames.js';
import { clientTuple, Malformed, parseServerFrame } from '../protocol/parse.js';
import { subprotocolOf } from '../protocol/version.js';
import { addressOf } from './edge/address.js';
import type { Connect, Link } from './edge/link.js';
import type { Effect } from './machine/model/effects.js';
import type { Event } from './machine/model/events.js';
import type { Slices } from './machine/model/slice.js';
import { allSlices } from './machine/slices.live.js';
import type { ClientOptions } from './options.js';

type Ask<T> = Extract<Effect, { type: T }>;

/** Each does what the effect of its name asks for. */
export interface Attempts {
  /** The codecs on offer; none before the code of the connection is there. */
  readonly codecs: readonly Codec[];
  /** The slices of the machine that are there: some of them come with the code of the connection. */
  readonly slices: Slices;
  open(effect: Ask<'open'>): Promise<void>;
  write(effect: Ask<'write'>): void;
  close(effect: Ask<'close'>): void;
  /** Asks for the next token. */
  token(effect: Ask<'token'>): Promise<void>;
}

const ask = async <T>(from: T | (() => T | Promise<T>)): Promise<T> =>
  typeof from === 'function' ? (from as () => T | Promise<T>)() : from;

/** The client that attempts are made for. */
export interface AttemptsHost {
  readonly options: ClientOptions;
  readonly dispatch: (event: Event) => void;
  readonly isCurrent: (attempt: number) => boolean;
  /** Bytes of the largest message that the server takes. */
  readonly largest: () => number;
  /** Resolves once the client knows its session, which may wait for a storage. */
  readonly ready: (address: string) => Promise<void> | undefined;
  readonly report: (error: RealtimeError) => void;
}

export type MakeAttempts = (host: AttemptsHost) => Attempts;

/** Attempts over one transport. */
export const attemptsBy =
  (connect: Connect): MakeAttempts =>
  (host) =>
    createAttempts(connect, host);

function createAttempts(
  connect: Connect,
  { options, dispatch, isCurrent, largest, ready, report }: AttemptsHost,
): Attempts {
  const codecs: readonly Codec[] = options.codecs?.length ? options.codecs : [json()];
  /** How often a token was asked for in band. */
  let asked = 0;
  /** By attempt: one, or two while the next one takes over. */
  const links = new Map<number, { readonly link: Link; codec: Codec | null }>();

  const failed = (error: unknown, what: string): string => {
    const reason = `${what} failed: ${error instanceof Error ? error.message : String(error)}`;
    report(new RealtimeError('unavailable', reason, error));
    return reason;
  };

  function read(attempt: number, codec: Codec, data: Encoded): void {
    try {
      const frames: ServerFrame[] = [];
      for (const tuple of codec.decode(data)) {
        const frame = parseServerFrame(tuple);
        if (frame) frames.push(frame);
      }
      dispatch({ type: 'received', attempt, frames });
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      report(new RealtimeError('invalid', `the server sent what is not this protocol: ${error.message}`));
      dispatch({ type: 'lost', attempt, code: 4400, reason: error.message });
    }
  }

  return {
    codecs,
    slices: allSlices,
    async open({ attempt }) {
      try {
        const [url, token] = await Promise.all([ask(options.url), ask(options.token ?? null)]);
        if (!isCurrent(attempt)) return;
        const address = addressOf(url);
        if (!address) {
          // Another attempt would fail as well: the client closes.
          const reason = failed(`url is ${String(url)}, not wss://…`, 'the attempt');
          return dispatch({ type: 'lost', attempt, code: 4400, reason });
        }
        await ready(address);
        if (!isCurrent(attempt)) return;
        const link = connect(
          address,
          codecs.map(({ name }) => subprotocolOf(name)),
          {
            opened(protocol) {
              const codec = codecs.find(({ name }) => subprotocolOf(name) === protocol);
              links.set(attempt, { link, codec: codec ?? null });
              if (codec)
                dispatch({ type: 'opened', attempt, transport: link.transport, codec: codec.name, token });
              else dispatch({ type: 'lost', attempt, code: 4406, reason: `'${protocol}' was not offered` });
            },
            message(data) {
              const codec = links.get(attempt)?.codec;
              if (codec) read(attempt, codec, data);
            },
            better() {
              // As if the server had asked: the next connection first, then this one is left.
              dispatch({ type: 'received', attempt, frames: [{ type: 'goaway', within: 0 }] });
            },
            closed(code, reason) {
              links.delete(attempt);
              dispatch({ type: 'lost', attempt, code, reason });
            },
          },
        );
        if (isCurrent(attempt)) links.set(attempt, { link, codec: null });
      } catch (error) {
        if (isCurrent(attempt))
          dispatch({ type: 'lost', attempt, code: 1006, reason: failed(error, 'the attempt') });
      }
    },
    write({ attempt, frames }) {
      const { link, codec } = links.get(attempt) ?? {};
      if (!link || !codec) return;
      let parts: Encoded[] = [];
      let bytes = 0;
      const flush = (): void => {
        if (parts.length) link.send(codec.join(parts));
        parts = [];
        bytes = 0;
      };
      for (const frame of frames) {
        const part = codec.encode(clientTuple(frame));
        // A character takes three bytes at most; and a byte of MessagePack may hold what takes three in JSON,
        // of which no more is let through.
        const size = part.length * 3;
        if (bytes + size > largest()) flush();
        parts.push(part);
        bytes += size + 1;
      }
      flush();
    },
    close({ attempt, code, reason }) {
      links.get(attempt)?.link.close(code, reason);
      links.delete(attempt);
    },
    async token({ attempt }) {
      const mine = ++asked;
      const token = await ask(options.token ?? null).catch((error: unknown) => {
        failed(error, 'the token function');
        return null;
      });
      // The answer to an earlier question may be older than what was answered since.
      if (mine === asked) dispatch({ type: 'token', attempt, token });
    },
  };
}
