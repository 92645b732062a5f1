// The HTTP fallback for clients whose network blocks WebSocket: a response that stays open as a stream, and
// requests that bring the client's messages (P36 to P39).
import { closeCodes } from '../../../protocol/codes.js';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { BrokerUnavailable } from '../../broker/broker.js';
import { logClose } from '../../observe/close-log.js';
import { traceOf } from '../../observe/log.js';
import type { Reach } from '../../connection/origins.js';
import type { Meter } from '../../ports/meter.js';
import type { ServerPorts } from '../../ports/ports.js';
import type { ServerCore } from '../../server.js';
import { createBodyReader, type BodyHolder, type ByteShare } from './body.js';
import { createNetworkPace, createNetworkShares } from './fair.js';
import { seal, unseal } from './seal.js';
import { maxOpeningBytes, secretOf, FallbackStream } from './stream.js';
import { stopTimeoutMs } from '../system/timeouts.js';

export interface FallbackOptions {
  /** The path of upgrades. The fallback is below it. */
  readonly path: string;
  readonly addressOf: (request: IncomingMessage) => string;
  /** How clients reach the server. */
  readonly reach: () => Reach;
  readonly meter: Meter;
  readonly ports: Pick<ServerPorts, 'monotonicNow' | 'setTimer'>;
}

export interface Fallback {
  /** Answers a request of the fallback. Returns false for any other request. */
  answerRequest(request: IncomingMessage, response: ServerResponse): boolean;
  /** Ends the streams that are still open. */
  stop(): void;
}

/** The bytes of a request that opens a stream: a secret and the offered subprotocols. */
const maxOfferBytes = 2_048;
/**
 * The least bound on a request with messages, in bytes: many messages may gather while one request is under
 * way.
 */
const minBodyLimitBytes = 1_048_576;
/** The bytes of all requests that are being read, for connections that said hello. */
const identifiedShareBytes = 33_554_432;
/** The same for connections that did not say hello, and again for connections of other nodes. */
const unidentifiedShareBytes = 16_777_216;
/** The part of each of these two that one network may take. */
const networkShareBytes = 4_194_304;
/** The bytes of all requests of a connection that did not say hello. */
const maxUnidentifiedBytes = 262_144;
/** The requests that are handed on to other nodes per second; twice as many at once. */
const handedOnPerSecond = 500;
/** The same for their bytes, in steps. */
const handedOnStepBytes = 16_384;
const handedOnStepsPerSecond = 512;
const idPattern = /^[\w-]{8,64}$/;
const secretPattern = /^[\w-]{16,64}$/;

const streamHeaders = {
  'content-type': 'application/octet-stream',
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
  'x-content-type-options': 'nosniff',
};

/** The headers that let a page of another origin read the answer, even a refusal. */
const corsHeaders = (origin: string | null): Readonly<Record<string, string>> =>
  origin === null ? {} : { 'access-control-allow-origin': origin, vary: 'origin' };

export function createFallback(
  core: ServerCore,
  { path, addressOf, reach, meter, ports }: FallbackOptions,
): Fallback {
  const { limits, broker, logger, node } = core.settings;
  const base = `${path.replace(/\/$/, '')}/http/`;
  const maxBodyBytes = Math.max(minBodyLimitBytes, limits.frame * 2);
  const streams = new Map<string, FallbackStream>();
  const bodies = createBodyReader(ports.setTimer);
  const identifiedShare: ByteShare = { bytesLeft: identifiedShareBytes };
  const unidentifiedShare: ByteShare = { bytesLeft: unidentifiedShareBytes };
  const handedOnShare: ByteShare = { bytesLeft: unidentifiedShareBytes };
  const networkShares = createNetworkShares(networkShareBytes);
  const handingNetworkShares = createNetworkShares(networkShareBytes);
  const mayHandOn = createNetworkPace(handedOnPerSecond, ports.monotonicNow());
  const mayHandOnBytes = createNetworkPace(handedOnStepsPerSecond, ports.monotonicNow());

  const refuseRequest = (
    response: ServerResponse,
    status: number,
    more: Readonly<Record<string, string>> = {},
  ): void => {
    if (!response.headersSent)
      response.writeHead(status, { 'cache-control': 'no-store', 'content-length': '0', ...more }).end();
  };

  async function openStream(id: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { headers } = request;
    const origin = headers.origin ?? null;
    const read = corsHeaders(origin);
    // A balancer understands this answer, and tries another node.
    if (core.refuses()) return refuseRequest(response, 503, { 'retry-after': '1', ...read });
    const address = addressOf(request);
    const body = await bodies.readBody(request, {
      maxBytes: maxOfferBytes,
      shares: [unidentifiedShare, networkShares.of(address)],
    });
    networkShares.free(address);
    if (typeof body === 'number')
      return refuseRequest(response, body || 400, { connection: 'close', ...read });
    const [secret = '', offers = ''] = body.toString('latin1').split('\n');
    if (!secretPattern.test(secret)) return refuseRequest(response, 400, read);
    if (streams.has(id)) return refuseRequest(response, 409, read);
    const info = { origin, address, headers };
    const chosen = core.choose(
      offers
        .split(',')
        .map((offer) => offer.trim())
        .filter(Boolean),
    );
    response.writeHead(200, { ...streamHeaders, ...read });
    const stream = new FallbackStream(
      response,
      secret,
      { stranger: maxUnidentifiedBytes, known: maxBodyBytes * 2 },
      ports.setTimer,
      () => {
        if (streams.get(id) === stream) streams.delete(id);
      },
    );
    if (!core.allows(origin, headers.host ?? null, reach())) {
      const reason = 'this origin may not connect';
      logClose(logger, { request: info, identity: null }, closeCodes.forbidden, reason);
      return stream.close(closeCodes.forbidden, reason);
    }
    streams.set(id, stream);
    if (chosen) stream.announce(chosen.protocol, node);
    stream.serve(core.open(stream, chosen?.codec ?? null, info));
  }

  async function takeRequest(
    id: string,
    at: string | null,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const read = corsHeaders(request.headers.origin ?? null);
    const stream = streams.get(id);
    if (!stream && (at === null || at === node))
      return refuseRequest(response, 404, { connection: 'close', ...read });
    const address = addressOf(request);
    const wait = { 'retry-after': '1', ...read };
    // Any client may name another node, so the requests that are handed on are bounded for all clients
    // together.
    if (!stream && !mayHandOn(address, 1, ports.monotonicNow())) return refuseRequest(response, 503, wait);
    const shares = stream ? networkShares : handingNetworkShares;
    const network = shares.of(address);
    const body = await (stream
      ? bodies.readBody(
          request,
          { maxBytes: maxBodyBytes, shares: [unidentifiedShare, network] },
          { bytes: maxOpeningBytes, recognize: (head) => holderOfBody(stream, head, network) },
        )
      : bodies.readBody(request, { maxBytes: limits.frame * 2, shares: [handedOnShare, network] }));
    shares.free(address);
    if (typeof body === 'number')
      return refuseRequest(response, body || 400, { connection: 'close', ...read });
    if (stream) return refuseRequest(response, stream.takeBody(body, maxBodyBytes) ? 204 : 404, read);
    const secret = secretOf(body);
    if (at === null || secret === null) return refuseRequest(response, 404, read);
    if (!mayHandOnBytes(address, Math.ceil(body.length / handedOnStepBytes), ports.monotonicNow()))
      return refuseRequest(response, 503, wait);
    const taken = await broker.hand(at, { id, body: seal(secret, id, body) });
    if (taken) meter.requestHandedOn();
    refuseRequest(response, taken ? 204 : 404, read);
  }

  /** A request that names a connection without its secret must not take the bytes of its share. */
  function holderOfBody(stream: FallbackStream, head: Buffer, network: ByteShare): BodyHolder | 404 {
    if (!stream.hasSecretOf(head)) return 404;
    return stream.isUnidentified
      ? { maxBytes: maxUnidentifiedBytes, shares: [unidentifiedShare, network, stream.unidentifiedShare] }
      : { maxBytes: maxBodyBytes, shares: [identifiedShare, stream.identifiedShare] };
  }

  const stopReceiving = broker.receive(node, ({ id, body }) => {
    const stream = streams.get(id);
    const opened = stream && unseal(stream.secret.toString(), id, body);
    if (opened) stream.takeBody(opened, maxBodyBytes);
  });

  return {
    answerRequest(request, response) {
      const [pathname = '', query = ''] = (request.url ?? '').split('?', 2);
      const name = pathname.startsWith(base) ? pathname.slice(base.length) : null;
      const asked = new URLSearchParams(query);
      if (name !== 'stream' && name !== 'send') return false;
      request.on('error', () => undefined);
      response.on('error', () => undefined);
      const id = asked.get('id') ?? '';
      if (request.method === 'OPTIONS')
        refuseRequest(response, 204, {
          ...corsHeaders(request.headers.origin ?? null),
          'access-control-allow-methods': 'POST',
          'access-control-allow-headers': 'content-type',
          'access-control-max-age': '86400',
        });
      else if (request.method !== 'POST') refuseRequest(response, 405, { allow: 'POST, OPTIONS' });
      else if (!idPattern.test(id)) refuseRequest(response, 400);
      else {
        (name === 'stream'
          ? openStream(id, request, response)
          : takeRequest(id, asked.get('node'), request, response)
        ).catch((error: unknown) => {
          // If another node cannot be asked, the client tries again: the request itself did not fail.
          if (!(error instanceof BrokerUnavailable))
            logger.error(traceOf(error), 'a request of a client without WebSocket could not be served');
          refuseRequest(response, 503);
          response.destroy();
        });
      }
      return true;
    },
    stop() {
      stopReceiving();
      if (streams.size === 0) return;
      ports.setTimer(stopTimeoutMs, () => {
        for (const stream of streams.values()) stream.terminate();
      });
    },
  };
}
