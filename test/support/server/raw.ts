// A peer that says what it likes: raw bytes in, decoded frames out, on the server core in memory.
import { json, type Codec, type Encoded } from '../../../src/protocol/codec.js';
import type { ClientFrame, ServerFrame } from '../../../src/protocol/frames.js';
import { clientTuple, parseServerFrame } from '../../../src/protocol/parse.js';
import type { RequestInfo, ServerPorts, TransportEvents } from '../../../src/server/ports/ports.js';
import type { ServerOptions } from '../../../src/server/options.js';
import { createServerCore, type ServerCore } from '../../../src/server/server.js';
import { virtualClock, type TestClock } from '../../../src/testing/clock.js';
import { idsFrom, seededRandom, testDigest } from '../../../src/testing/random.js';

export interface RawPeer {
  /** Frames that arrived, oldest first. */
  readonly frames: ServerFrame[];
  /** Messages that arrived, as they came. */
  readonly messages: Encoded[];
  closed: { readonly code: number; readonly reason: string } | null;
  /** What the transport says is waiting to be sent. */
  buffered: number;
  readonly pings: number;
  readonly events: TransportEvents;
  say(...frames: readonly ClientFrame[]): Promise<void>;
  sayRaw(data: Encoded): Promise<void>;
  hello(
    token?: string | null,
    session?: string,
    fields?: Partial<Extract<ClientFrame, { type: 'hello' }>>,
  ): Promise<void>;
  of<T extends ServerFrame['type']>(type: T): Extract<ServerFrame, { type: T }>[];
}

export interface RawWorld {
  readonly core: ServerCore;
  readonly clock: TestClock;
  /** Sets the server's wall clock by so many ms. */
  set(ms: number): void;
  readonly logs: readonly { readonly level: string; readonly details: object; readonly message: string }[];
  peer(codec?: Codec, request?: Partial<RequestInfo>): RawPeer;
}

/** @param instead replaces some of the server's ports. */
export function rawWorld(options: ServerOptions, instead: Partial<ServerPorts> = {}): RawWorld {
  const clock = virtualClock();
  const random = seededRandom(7);
  let wall = 0;
  const ports: ServerPorts = {
    now: () => clock.now() + wall,
    monotonicNow: clock.now,
    setTimer: clock.after,
    atEndOfTurn: clock.soon,
    random,
    randomId: idsFrom(random),
    digest: testDigest,
    ...instead,
  };
  const logs: { level: string; details: object; message: string }[] = [];
  const log =
    (level: string) =>
    (details: object, message: string): void => {
      logs.push({ level, details, message });
    };
  const core = createServerCore(
    {
      authenticate: ({ token }) => (token === null ? null : { id: token }),
      logger: { info: log('info'), warn: log('warn'), error: log('error') },
      ...options,
    },
    ports,
  );

  const peer = (codec: Codec = json(), request: Partial<RequestInfo> = {}): RawPeer => {
    let pings = 0;
    const self: RawPeer = {
      frames: [],
      messages: [],
      closed: null,
      buffered: 0,
      get pings() {
        return pings;
      },
      events: { message: () => undefined, control: () => undefined, closed: () => undefined },
      async sayRaw(data) {
        self.events.message(data);
        await clock.advance(0);
      },
      say: (...frames) =>
        self.sayRaw(
          codec.join(
            frames.map((frame) => {
              const part = codec.encode(clientTuple(frame));
              return typeof part === 'string' ? part : part.slice();
            }),
          ),
        ),
      hello: (token = 'ada', session = 'session-of-ada', fields = {}) =>
        self.say({ type: 'hello', session, instance: 'i', token, takeover: false, client: 'raw', ...fields }),
      of: (type) => self.frames.filter((frame) => frame.type === type) as never,
    };
    const events = core.open(
      {
        send(data) {
          const message = typeof data === 'string' ? data : data.slice();
          self.messages.push(message);
          for (const tuple of codec.decode(message)) {
            const frame = parseServerFrame(tuple);
            if (!frame) throw new Error('the server sent an unknown frame');
            self.frames.push(frame);
          }
        },
        close(code, reason) {
          // As ws does.
          if (Buffer.byteLength(reason) > 123)
            throw new RangeError('The message must not be greater than 123 bytes');
          self.closed ??= { code, reason };
        },
        terminate() {
          self.closed ??= { code: 1006, reason: '' };
        },
        ping(message) {
          pings++;
          this.send(message);
        },
        buffered: () => self.buffered,
      },
      codec,
      { origin: null, address: 'test', headers: {}, ...request },
    );
    return Object.assign(self, { events });
  };

  return {
    core,
    clock,
    set(ms) {
      wall += ms;
    },
    logs,
    peer,
  };
}
