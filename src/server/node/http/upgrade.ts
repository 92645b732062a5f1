// The way from an HTTP upgrade to a session of the core. An upgrade is accepted even if the connection is
// refused: a browser can read a close code, but no HTTP status.
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type ServerOptions } from 'ws';
import { closeCodes } from '../../../protocol/codes.js';
import type { Reach } from '../../connection/origins.js';
import { logClose } from '../../observe/close-log.js';
import { traceOf } from '../../observe/log.js';
import type { RequestInfo, ServerPorts } from '../../ports/ports.js';
import type { ServerCore } from '../../server.js';
import { closeTimeoutMs, stopTimeoutMs } from '../system/timeouts.js';
import { hasOtherListeners, answersUnclaimed, takePath } from './attachments.js';
import { ServedSocket } from './served-socket.js';
import { wsTransport } from './transport.js';

const offeredSubprotocols = (request: IncomingMessage): string[] =>
  (request.headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((offer) => offer.trim())
    .filter(Boolean);

const ignore = (): void => undefined;

const noHeaders: RequestInfo['headers'] = Object.freeze({});

/**
 * The headers that an app may want. Those of the WebSocket handshake are left out: they would be kept for as
 * long as the connection lasts.
 */
function headersForApp(
  { headers }: IncomingMessage,
  { settings: { authenticate } }: ServerCore,
): RequestInfo['headers'] {
  if (!authenticate) return noHeaders;
  return Object.fromEntries(
    Object.entries(headers).filter(
      ([name]) => !name.startsWith('sec-websocket-') && name !== 'connection' && name !== 'upgrade',
    ),
  );
}

/** How long other listeners of the same HTTP server may take to answer an upgrade, in ms. */
const otherListenersTimeoutMs = 10_000;

/** The path of a URL. A text that is no URL is a path that no server has. */
const pathOf = (url: string): string =>
  URL.canParse(url, 'http://host') ? new URL(url, 'http://host').pathname : url;

const bytesWrittenTo = (socket: Duplex): number =>
  'bytesWritten' in socket ? Number(socket.bytesWritten) : 0;

function refuseUpgrade(socket: Duplex, status: string, headerLines = ''): void {
  socket
    .once('finish', () => {
      socket.destroy();
    })
    .end(`HTTP/1.1 ${status}\r\nConnection: close\r\n${headerLines}Content-Length: 0\r\n\r\n`);
}

/**
 * The pieces in which the network may bring one message: at least this many, since each is a buffer of its
 * own until the last one is there.
 */
const minBufferedChunks = 4_096;
/** With large messages, the bytes that a piece has on average, at least. */
const averageChunkBytes = 64;

export interface UpgradeOptions {
  /** With a slash in front, and none at the end. */
  readonly path: string;
  readonly setTimer: ServerPorts['setTimer'];
  readonly addressOf: (request: IncomingMessage) => string;
  /** How clients reach the server. */
  readonly reach: () => Reach;
}

type ServedSockets = InstanceType<typeof WebSocketServer<typeof ServedSocket>>;

/** The WebSocket server of `ws` with the limits of the core. */
function createSockets(core: ServerCore): ServedSockets {
  const { limits } = core.settings;
  // The types of ws do not have `closeTimeout` yet.
  const settings: ServerOptions<typeof ServedSocket> & { readonly closeTimeout: number } = {
    noServer: true,
    WebSocket: ServedSocket,
    clientTracking: false,
    autoPong: false,
    perMessageDeflate: false,
    closeTimeout: closeTimeoutMs,
    maxPayload: limits.frame,
    maxFragments: limits.fragments,
    maxBufferedChunks: Math.max(minBufferedChunks, Math.ceil(limits.frame / averageChunkBytes)),
    // A browser refuses a connection whose offers are not answered. If there is no common subprotocol, the
    // first offer is accepted, and a close code says the rest.
    handleProtocols: (offers) => core.choose(offers)?.protocol ?? [...offers][0] ?? false,
  };
  return new WebSocketServer<typeof ServedSocket>(settings);
}

/** Serves the upgrades of one path of an HTTP server. */
class UpgradePath {
  private readonly core: ServerCore;
  private readonly http: Server;
  private readonly options: UpgradeOptions;
  private readonly sockets: ServedSockets;
  private readonly openSockets = new Set<ServedSocket>();

  constructor(core: ServerCore, http: Server, options: UpgradeOptions) {
    this.core = core;
    this.http = http;
    this.options = options;
    this.sockets = createSockets(core);
  }

  readonly onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    try {
      this.handleUpgrade(request, socket, head);
    } catch (error) {
      this.core.settings.logger.error(traceOf(error), 'an upgrade could not be served');
      socket.destroy();
    }
  };

  /** Serves no new connection, and ends the open ones after a while. */
  stop(): void {
    this.sockets.close();
    if (this.openSockets.size === 0) return;
    setTimeout(() => {
      for (const socket of this.openSockets) socket.terminate();
    }, stopTimeoutMs);
  }

  private handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { core, http } = this;
    const { path } = this.options;
    // For every upgrade, whichever listener serves it: an error without a listener would end the process.
    socket.on('error', ignore);
    const pathname = pathOf(request.url ?? '/');
    const askedPath = pathname === '/' ? pathname : pathname.replace(/\/$/, '');
    if (askedPath !== path) {
      if (answersUnclaimed(http, askedPath, this.onUpgrade)) this.answerUnclaimed(socket, askedPath);
      return;
    }
    if (askedPath !== pathname)
      core.settings.logger.warn(
        { path: pathname },
        `a client asked for ${path} with a slash behind it, and is served`,
      );
    // A balancer understands this answer, and tries another node.
    if (core.refuses()) return refuseUpgrade(socket, '503 Service Unavailable', 'Retry-After: 1\r\n');
    this.sockets.handleUpgrade(request, socket, head, (webSocket) => {
      this.openSockets.add(webSocket);
      webSocket.openSockets = this.openSockets;
      this.serveSocket(webSocket, socket, request);
    });
  }

  private serveSocket(socket: ServedSocket, stream: Duplex, request: IncomingMessage): void {
    const { core } = this;
    const { addressOf, reach } = this.options;
    const { origin = null, host = null } = request.headers;
    const info = { origin, address: addressOf(request), headers: headersForApp(request, core) };
    const transport = wsTransport(socket, stream);
    if (!core.allows(origin, host, reach())) {
      const reason = 'this origin may not connect';
      logClose(core.settings.logger, { request: info, identity: null }, closeCodes.forbidden, reason);
      transport.close(closeCodes.forbidden, reason);
      return;
    }
    const chosen = core.choose(offeredSubprotocols(request));
    socket.events = core.open(transport, chosen?.codec ?? null, info);
  }

  /**
   * Answers an upgrade for no path: without an answer the socket would stay open for ever. If others listen as
   * well, the upgrade may be theirs, and they get some time.
   */
  private answerUnclaimed(socket: Duplex, path: string): void {
    const answer = (): void => {
      refuseUpgrade(socket, '404 Not Found');
      this.core.settings.logger.warn({ path }, 'no server answered an upgrade');
    };
    if (!hasOtherListeners(this.http)) return answer();
    const written = bytesWrittenTo(socket);
    const cancel = this.options.setTimer(otherListenersTimeoutMs, () => {
      if (!socket.destroyed && !socket.writableEnded && bytesWrittenTo(socket) === written) answer();
    });
    socket.once('close', cancel);
  }
}

/** Serves the upgrades of an HTTP server on one path, until the returned function is called. */
export function serveUpgrades(core: ServerCore, http: Server, options: UpgradeOptions): () => void {
  const { path } = options;
  const upgradePath = new UpgradePath(core, http, options);
  const { onUpgrade } = upgradePath;
  const { wasTaken, giveBack } = takePath(http, {
    path,
    listener: onUpgrade,
    stop: () => http.off('upgrade', onUpgrade),
  });
  if (wasTaken)
    core.settings.logger.warn({ path }, 'another realtime server had this path: the newer one has it now');
  // The first listener: bytes that others write from here on are their answer.
  http.prependListener('upgrade', onUpgrade);
  return () => {
    http.off('upgrade', onUpgrade);
    giveBack();
    upgradePath.stop();
  };
}
