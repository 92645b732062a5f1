// The HTTP fallback for clients whose network blocks WebSocket: a response that stays open as a stream, and
// requests that bring the client's messages (P36 to P39).
import type { IncomingMessage, ServerResponse } from 'node:http';
import { closeCodes } from '../../../protocol/codes.js';
import { BrokerUnavailable } from '../../broker/broker.js';
import type { Reach } from '../../connection/origins.js';
import { logClose } from '../../observe/close-log.js';
import { traceOf } from '../../observe/log.js';
import type { Meter } from '../../ports/meter.js';
import type { RequestInfo, ServerPorts } from '../../ports/ports.js';
import type { ServerCore } from '../../server.js';
import { stopTimeoutMs } from '../system/timeouts.js';
import { answerEmpty, corsHeaders, retryHeaders, streamHeaders } from './answers.js';
import { createBodyReader, type BodyHolder, type BodyReader, type ByteShare } from './body.js';
import { createNetworkPace, createNetworkShares } from './fair.js';
import { seal, unseal } from './seal.js';
import { maxOpeningBytes, secretOf, FallbackStream } from './stream.js';

export interface FallbackOptions {
  /** The path of upgrades. The fallback is below it. */
  readonly path: string;
  readonly addressOf: (request: IncomingMessage) => string;
  /** How clients reach the server. */
  readonly reach: () => Reach;
  readonly meter: Meter;
  readonly ports: Pick<ServerPorts, 'monotonicNow' | 'setTimer'>;
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

/** A request with its response. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

const listOf = (text: string): string[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean);

export class Fallback {
  private readonly core: ServerCore;
  private readonly options: FallbackOptions;
  /** The beginning of the paths of the fallback. */
  private readonly basePath: string;
  private readonly maxBodyBytes: number;
  private readonly bodies: BodyReader;
  private readonly streams = new Map<string, FallbackStream>();
  private readonly identifiedShare: ByteShare = { bytesLeft: identifiedShareBytes };
  private readonly unidentifiedShare: ByteShare = { bytesLeft: unidentifiedShareBytes };
  private readonly handedOnShare: ByteShare = { bytesLeft: unidentifiedShareBytes };
  private readonly networkShares = createNetworkShares(networkShareBytes);
  private readonly handingNetworkShares = createNetworkShares(networkShareBytes);
  private readonly mayHandOn: ReturnType<typeof createNetworkPace>;
  private readonly mayHandOnBytes: ReturnType<typeof createNetworkPace>;
  private readonly stopReceiving: () => void;

  constructor(core: ServerCore, options: FallbackOptions) {
    const { broker, limits, node } = core.settings;
    const { path, ports } = options;
    this.core = core;
    this.options = options;
    this.basePath = `${path.replace(/\/$/, '')}/http/`;
    this.maxBodyBytes = Math.max(minBodyLimitBytes, limits.frame * 2);
    this.bodies = createBodyReader(ports.setTimer);
    this.mayHandOn = createNetworkPace(handedOnPerSecond, ports.monotonicNow());
    this.mayHandOnBytes = createNetworkPace(handedOnStepsPerSecond, ports.monotonicNow());
    this.stopReceiving = broker.receive(node, ({ id, body }) => {
      const stream = this.streams.get(id);
      const opened = stream && unseal(stream.secret.toString(), id, body);
      if (opened) stream.takeBody(opened, this.maxBodyBytes);
    });
  }

  /** Answers a request of the fallback. Returns false for any other request. */
  answerRequest(request: IncomingMessage, response: ServerResponse): boolean {
    const [pathname = '', query = ''] = (request.url ?? '').split('?', 2);
    const name = pathname.startsWith(this.basePath) ? pathname.slice(this.basePath.length) : null;
    if (name !== 'stream' && name !== 'send') return false;
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    const parameters = new URLSearchParams(query);
    const id = parameters.get('id') ?? '';
    if (request.method === 'OPTIONS')
      answerEmpty(response, 204, {
        ...corsHeaders(request.headers.origin ?? null),
        'access-control-allow-methods': 'POST',
        'access-control-allow-headers': 'content-type',
        'access-control-max-age': '86400',
      });
    else if (request.method !== 'POST') answerEmpty(response, 405, { allow: 'POST, OPTIONS' });
    else if (!idPattern.test(id)) answerEmpty(response, 400);
    else {
      const exchange = { request, response };
      const answered =
        name === 'stream'
          ? this.openStream(id, exchange)
          : this.takeRequest(id, parameters.get('node'), exchange);
      answered.catch((error: unknown) => {
        this.answerFailed(response, error);
      });
    }
    return true;
  }

  /** Ends the streams that are still open. */
  stop(): void {
    this.stopReceiving();
    if (this.streams.size === 0) return;
    this.options.ports.setTimer(stopTimeoutMs, () => {
      for (const stream of this.streams.values()) stream.terminate();
    });
  }

  private answerFailed(response: ServerResponse, error: unknown): void {
    // If another node cannot be asked, the client tries again: the request itself did not fail.
    if (!(error instanceof BrokerUnavailable))
      this.core.settings.logger.error(
        traceOf(error),
        'a request of a client without WebSocket could not be served',
      );
    answerEmpty(response, 503);
    response.destroy();
  }

  private async openStream(id: string, { request, response }: Exchange): Promise<void> {
    const { core, networkShares, unidentifiedShare } = this;
    const origin = request.headers.origin ?? null;
    const cors = corsHeaders(origin);
    // A balancer understands this answer, and tries another node.
    if (core.refuses()) return answerEmpty(response, 503, { ...retryHeaders, ...cors });
    const address = this.options.addressOf(request);
    const body = await this.bodies.readBody(request, {
      maxBytes: maxOfferBytes,
      shares: [unidentifiedShare, networkShares.of(address)],
    });
    networkShares.free(address);
    if (typeof body === 'number') return answerEmpty(response, body || 400, { connection: 'close', ...cors });
    const [secret = '', offers = ''] = body.toString('latin1').split('\n');
    if (!secretPattern.test(secret)) return answerEmpty(response, 400, cors);
    if (this.streams.has(id)) return answerEmpty(response, 409, cors);
    response.writeHead(200, { ...streamHeaders, ...cors });
    const info = { origin, address, headers: request.headers };
    this.serveStream(id, this.makeStream(id, secret, response), listOf(offers), info);
  }

  private makeStream(id: string, secret: string, response: ServerResponse): FallbackStream {
    const bytes = { unidentified: maxUnidentifiedBytes, identified: this.maxBodyBytes * 2 };
    const stream: FallbackStream = new FallbackStream(
      response,
      secret,
      bytes,
      this.options.ports.setTimer,
      () => {
        if (this.streams.get(id) === stream) this.streams.delete(id);
      },
    );
    return stream;
  }

  private serveStream(
    id: string,
    stream: FallbackStream,
    offers: readonly string[],
    info: RequestInfo & { readonly headers: IncomingMessage['headers'] },
  ): void {
    const { core } = this;
    const { logger, node } = core.settings;
    if (!core.allows(info.origin, info.headers.host ?? null, this.options.reach())) {
      const reason = 'this origin may not connect';
      logClose(logger, { request: info, identity: null }, closeCodes.forbidden, reason);
      return stream.close(closeCodes.forbidden, reason);
    }
    this.streams.set(id, stream);
    const chosen = core.choose(offers);
    if (chosen) stream.announce(chosen.protocol, node);
    stream.serve(core.open(stream, chosen?.codec ?? null, info));
  }

  /** Takes a request with messages, for a stream of this node or of another one. */
  private async takeRequest(id: string, node: string | null, exchange: Exchange): Promise<void> {
    const stream = this.streams.get(id);
    if (stream) return this.takeHere(stream, exchange);
    if (node !== null && node !== this.core.settings.node) return this.handOn(id, node, exchange);
    const cors = corsHeaders(exchange.request.headers.origin ?? null);
    answerEmpty(exchange.response, 404, { connection: 'close', ...cors });
  }

  private async takeHere(stream: FallbackStream, { request, response }: Exchange): Promise<void> {
    const { maxBodyBytes, networkShares, unidentifiedShare } = this;
    const cors = corsHeaders(request.headers.origin ?? null);
    const address = this.options.addressOf(request);
    const network = networkShares.of(address);
    const body = await this.bodies.readBody(
      request,
      { maxBytes: maxBodyBytes, shares: [unidentifiedShare, network] },
      { bytes: maxOpeningBytes, recognize: (head) => this.holderOfBody(stream, head, network) },
    );
    networkShares.free(address);
    if (typeof body === 'number') return answerEmpty(response, body || 400, { connection: 'close', ...cors });
    answerEmpty(response, stream.takeBody(body, maxBodyBytes) ? 204 : 404, cors);
  }

  private async handOn(id: string, node: string, { request, response }: Exchange): Promise<void> {
    const { handingNetworkShares, handedOnShare } = this;
    const { broker, limits } = this.core.settings;
    const { addressOf, meter, ports } = this.options;
    const cors = corsHeaders(request.headers.origin ?? null);
    const tryAgain = { ...retryHeaders, ...cors };
    const address = addressOf(request);
    // Any client may name another node, so the requests that are handed on are bounded for all clients
    // together.
    if (!this.mayHandOn(address, 1, ports.monotonicNow())) return answerEmpty(response, 503, tryAgain);
    const shares = [handedOnShare, handingNetworkShares.of(address)];
    const body = await this.bodies.readBody(request, { maxBytes: limits.frame * 2, shares });
    handingNetworkShares.free(address);
    if (typeof body === 'number') return answerEmpty(response, body || 400, { connection: 'close', ...cors });
    const secret = secretOf(body);
    if (secret === null) return answerEmpty(response, 404, cors);
    const steps = Math.ceil(body.length / handedOnStepBytes);
    if (!this.mayHandOnBytes(address, steps, ports.monotonicNow()))
      return answerEmpty(response, 503, tryAgain);
    const isTaken = await broker.hand(node, { id, body: seal(secret, id, body) });
    if (isTaken) meter.requestHandedOn();
    answerEmpty(response, isTaken ? 204 : 404, cors);
  }

  /** A request that names a connection without its secret must not take the bytes of its share. */
  private holderOfBody(stream: FallbackStream, head: Buffer, network: ByteShare): BodyHolder | 404 {
    const { unidentifiedShare, identifiedShare, maxBodyBytes } = this;
    if (!stream.hasSecretOf(head)) return 404;
    return stream.isUnidentified
      ? { maxBytes: maxUnidentifiedBytes, shares: [unidentifiedShare, network, stream.unidentifiedShare] }
      : { maxBytes: maxBodyBytes, shares: [identifiedShare, stream.identifiedShare] };
  }
}
