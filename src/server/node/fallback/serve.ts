// Requests of clients for whom WebSocket is blocked: one that stays open as a stream, and those that bring what the client says (P36 to P39).
import type { IncomingMessage, ServerResponse } from 'node:http';
import { BrokerUnavailable } from '../../broker/broker.js';
import { noteClose } from '../../observe/close-log.js';
import { traceOf } from '../../observe/log.js';
import type { Reach } from '../../connection/origins.js';
import type { Meter } from '../../ports/meter.js';
import type { ServerPorts } from '../../ports/ports.js';
import type { ServerCore } from '../../server.js';
import { createBodies, type Holder, type Share } from './body.js';
import { createPace, sharesOf } from './fair.js';
import { seal, unseal } from './seal.js';
import { openingLimit, secretOf, Stream } from './stream.js';

export interface FallbackOptions {
  /** The path of upgrades; ours are below it. */
  readonly path: string;
  readonly addressOf: (request: IncomingMessage) => string;
  /** How others reach the server. */
  readonly reach: () => Reach;
  readonly meter: Meter;
  readonly ports: Pick<ServerPorts, 'steady' | 'after'>;
}

export interface Fallback {
  /** Answers a request that is ours. Whether it is. */
  answer(request: IncomingMessage, response: ServerResponse): boolean;
  /** Ends what is still open. */
  stop(): void;
}

/** Bytes of a request that opens a stream: a secret, and what is on offer. */
const offerLimit = 2_048;
/** Bytes of a request up, at least: many messages may gather while one is under way. */
const bodyLimit = 1_048_576;
/** Bytes of all requests that are being read, of connections that have said who they are; … */
const knownLimit = 33_554_432;
/** … of those that have not, and of those that other nodes hold; … */
const strangersLimit = 16_777_216;
/** … and of each of these two from one network. */
const networkLimit = 4_194_304;
/** Bytes of a connection that has not said who it is, of all its requests. */
const strangerLimit = 262_144;
/** Requests a second that are handed on to other nodes, twice as many at once. */
const handedRate = 500;
/** The same of their bytes, in steps. */
const handedStep = 16_384;
const handedSteps = 512;
const isId = /^[\w-]{8,64}$/;
const isSecret = /^[\w-]{16,64}$/;
/** How long a stream that was told to end may take, where the server stops, in ms. */
const stopTimeout = 1_000;

const streaming = {
  'content-type': 'application/octet-stream',
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
  'x-content-type-options': 'nosniff',
};

/** What a page of another origin may read: that it is refused, too. */
const forPages = (origin: string | null): Readonly<Record<string, string>> =>
  origin === null ? {} : { 'access-control-allow-origin': origin, vary: 'origin' };

export function createFallback(
  core: ServerCore,
  { path, addressOf, reach, meter, ports }: FallbackOptions,
): Fallback {
  const { limits, broker, logger, node } = core.settings;
  const base = `${path.replace(/\/$/, '')}/http/`;
  const most = Math.max(bodyLimit, limits.frame * 2);
  const streams = new Map<string, Stream>();
  const bodies = createBodies(ports.after);
  const known: Share = { left: knownLimit };
  const strangers: Share = { left: strangersLimit };
  const handed: Share = { left: strangersLimit };
  const networks = sharesOf(networkLimit);
  const handingNetworks = sharesOf(networkLimit);
  const mayHand = createPace(handedRate, ports.steady());
  const mayHandBytes = createPace(handedSteps, ports.steady());

  const refuse = (
    response: ServerResponse,
    status: number,
    more: Readonly<Record<string, string>> = {},
  ): void => {
    if (!response.headersSent)
      response.writeHead(status, { 'cache-control': 'no-store', 'content-length': '0', ...more }).end();
  };

  async function open(id: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { headers } = request;
    const origin = headers.origin ?? null;
    const read = forPages(origin);
    // A balancer understands it, and tries another node.
    if (core.refuses()) return refuse(response, 503, { 'retry-after': '1', ...read });
    const address = addressOf(request);
    const body = await bodies.read(request, {
      limit: offerLimit,
      shares: [strangers, networks.of(address)],
    });
    networks.free(address);
    if (typeof body === 'number') return refuse(response, body || 400, { connection: 'close', ...read });
    const [secret = '', offers = ''] = body.toString('latin1').split('\n');
    if (!isSecret.test(secret)) return refuse(response, 400, read);
    if (streams.has(id)) return refuse(response, 409, read);
    const info = { origin, address, headers };
    const chosen = core.choose(
      offers
        .split(',')
        .map((offer) => offer.trim())
        .filter(Boolean),
    );
    response.writeHead(200, { ...streaming, ...read });
    const stream = new Stream(
      response,
      secret,
      { stranger: strangerLimit, known: most * 2 },
      ports.after,
      () => {
        if (streams.get(id) === stream) streams.delete(id);
      },
    );
    if (!core.allows(origin, headers.host ?? null, reach())) {
      const reason = 'this origin may not connect';
      noteClose(logger, { request: info, identity: null }, 4403, reason);
      return stream.close(4403, reason);
    }
    streams.set(id, stream);
    if (chosen) stream.opened(chosen.protocol, node);
    stream.serve(core.open(stream, chosen?.codec ?? null, info));
  }

  async function take(
    id: string,
    at: string | null,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const read = forPages(request.headers.origin ?? null);
    const stream = streams.get(id);
    if (!stream && (at === null || at === node))
      return refuse(response, 404, { connection: 'close', ...read });
    const address = addressOf(request);
    const wait = { 'retry-after': '1', ...read };
    // Anybody may name another node: what is handed on is bounded for all of them together.
    if (!stream && !mayHand(address, 1, ports.steady())) return refuse(response, 503, wait);
    const shares = stream ? networks : handingNetworks;
    const network = shares.of(address);
    const body = await (stream
      ? bodies.read(
          request,
          { limit: most, shares: [strangers, network] },
          { bytes: openingLimit, of: (head) => holderOf(stream, head, network) },
        )
      : bodies.read(request, { limit: limits.frame * 2, shares: [handed, network] }));
    shares.free(address);
    if (typeof body === 'number') return refuse(response, body || 400, { connection: 'close', ...read });
    if (stream) return refuse(response, stream.take(body, most) ? 204 : 404, read);
    const secret = secretOf(body);
    if (at === null || secret === null) return refuse(response, 404, read);
    if (!mayHandBytes(address, Math.ceil(body.length / handedStep), ports.steady()))
      return refuse(response, 503, wait);
    const taken = await broker.hand(at, { id, body: seal(secret, id, body) });
    if (taken) meter.handed();
    refuse(response, taken ? 204 : 404, read);
  }

  /** Who only names a connection holds nothing of what is its own. */
  function holderOf(stream: Stream, head: Buffer, network: Share): Holder | 404 {
    if (!stream.isOf(head)) return 404;
    return stream.isStranger
      ? { limit: strangerLimit, shares: [strangers, network, stream.strangerShare] }
      : { limit: most, shares: [known, stream.knownShare] };
  }

  const stopHearing = broker.receive(node, ({ id, body }) => {
    const stream = streams.get(id);
    const opened = stream && unseal(stream.secret.toString(), id, body);
    if (opened) stream.take(opened, most);
  });

  return {
    answer(request, response) {
      const [pathname = '', query = ''] = (request.url ?? '').split('?', 2);
      const name = pathname.startsWith(base) ? pathname.slice(base.length) : null;
      const asked = new URLSearchParams(query);
      if (name !== 'stream' && name !== 'send') return false;
      request.on('error', () => undefined);
      response.on('error', () => undefined);
      const id = asked.get('id') ?? '';
      if (request.method === 'OPTIONS')
        refuse(response, 204, {
          ...forPages(request.headers.origin ?? null),
          'access-control-allow-methods': 'POST',
          'access-control-allow-headers': 'content-type',
          'access-control-max-age': '86400',
        });
      else if (request.method !== 'POST') refuse(response, 405, { allow: 'POST, OPTIONS' });
      else if (!isId.test(id)) refuse(response, 400);
      else {
        (name === 'stream'
          ? open(id, request, response)
          : take(id, asked.get('node'), request, response)
        ).catch((error: unknown) => {
          // Where another node cannot be asked, the client tries again: that is no failure of this request.
          if (!(error instanceof BrokerUnavailable))
            logger.error(traceOf(error), 'a request of a client without WebSocket could not be served');
          refuse(response, 503);
          response.destroy();
        });
      }
      return true;
    },
    stop() {
      stopHearing();
      if (streams.size === 0) return;
      ports.after(stopTimeout, () => {
        for (const stream of streams.values()) stream.terminate();
      });
    },
  };
}
