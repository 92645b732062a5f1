// From an HTTP upgrade to a session of the core. The upgrade is answered at once: what is refused is refused by a close code, which a browser can read.
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type ServerOptions } from 'ws';
import { noteClose } from '../../observe/close-log.js';
import { traceOf } from '../../observe/log.js';
import type { Reach } from '../../connection/origins.js';
import type { RequestInfo, ServerPorts } from '../../ports/ports.js';
import type { ServerCore } from '../../server.js';
import { hasOthers, isAppointed, takePath } from './attachments.js';
import { ServedSocket } from './served-socket.js';
import { wsTransport } from './transport.js';

const offersOf = (request: IncomingMessage): string[] =>
  (request.headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((offer) => offer.trim())
    .filter(Boolean);

const ignore = (): void => undefined;

function serveSocket(
  core: ServerCore,
  socket: ServedSocket,
  stream: Duplex,
  request: RequestInfo,
  offers: readonly string[],
  host: string | null,
  reach: Reach,
): void {
  const transport = wsTransport(socket, stream);
  if (!core.allows(request.origin, host, reach)) {
    const reason = 'this origin may not connect';
    noteClose(core.settings.logger, { request, identity: null }, 4403, reason);
    transport.close(4403, reason);
    return;
  }
  socket.events = core.open(transport, core.choose(offers)?.codec ?? null, request);
}

const none: RequestInfo['headers'] = Object.freeze({});

/** What an app may want to know of a request. The rest is between the two ends of the connection, and would be held for as long as that lasts. */
function headersOf(
  { headers }: IncomingMessage,
  { settings: { authenticate } }: ServerCore,
): RequestInfo['headers'] {
  if (!authenticate) return none;
  return Object.fromEntries(
    Object.entries(headers).filter(
      ([name]) => !name.startsWith('sec-websocket-') && name !== 'connection' && name !== 'upgrade',
    ),
  );
}

/** How long a client may take to answer a close, in ms. */
const closeTimeout = 5_000;
/** The same, where the server stops. */
const stopTimeout = 1_000;

/** How long others on the same HTTP server may take to answer an upgrade, in ms, before it is for nobody. */
const othersTimeout = 10_000;

/** The path that a request names. What is no address is a path that nobody has. */
const pathOf = (url: string): string =>
  URL.canParse(url, 'http://host') ? new URL(url, 'http://host').pathname : url;

const writtenTo = (socket: Duplex): number => ('bytesWritten' in socket ? Number(socket.bytesWritten) : 0);

function refuse(socket: Duplex, status: string, more = ''): void {
  socket
    .once('finish', () => {
      socket.destroy();
    })
    .end(`HTTP/1.1 ${status}\r\nConnection: close\r\n${more}Content-Length: 0\r\n\r\n`);
}

/** Pieces in which the network may bring one message, at most: each is a buffer of its own until the last is there. */
const leastChunks = 4_096;
/** Bytes that a piece has on average, at least, where messages may be large. */
const chunk = 64;

export interface UpgradeOptions {
  /** With a slash in front, and none behind. */
  readonly path: string;
  readonly after: ServerPorts['after'];
  readonly addressOf: (request: IncomingMessage) => string;
  /** How others reach the server. */
  readonly reach: () => Reach;
}

/** Serves the upgrades of an HTTP server on one path. Returns what stops it. */
export function serveUpgrades(
  core: ServerCore,
  http: Server,
  { path, after, addressOf, reach }: UpgradeOptions,
): () => void {
  const { limits, logger } = core.settings;
  // `closeTimeout` is not in the types of ws yet.
  const settings: ServerOptions<typeof ServedSocket> & { readonly closeTimeout: number } = {
    noServer: true,
    WebSocket: ServedSocket,
    clientTracking: false,
    autoPong: false,
    perMessageDeflate: false,
    closeTimeout,
    maxPayload: limits.frame,
    maxFragments: limits.fragments,
    maxBufferedChunks: Math.max(leastChunks, Math.ceil(limits.frame / chunk)),
    // A browser refuses a connection whose offers are not answered: where there is nothing in common, the first is, and a close code says the rest.
    handleProtocols: (offers) => core.choose(offers)?.protocol ?? [...offers][0] ?? false,
  };
  const sockets = new WebSocketServer<typeof ServedSocket>(settings);
  const open = new Set<ServedSocket>();
  /** One that nobody answers would stay for ever. Where others listen as well, it may be theirs, and they have some time for it. */
  const answerForNobody = (socket: Duplex, asked: string): void => {
    const answer = (): void => {
      refuse(socket, '404 Not Found');
      logger.warn({ path: asked }, 'an upgrade was for nobody');
    };
    if (!hasOthers(http)) return answer();
    const written = writtenTo(socket);
    const cancel = after(othersTimeout, () => {
      if (!socket.destroyed && !socket.writableEnded && writtenTo(socket) === written) answer();
    });
    socket.once('close', cancel);
  };
  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    // Whosever it is: one that breaks with nobody listening ends the process.
    socket.on('error', ignore);
    const pathname = pathOf(request.url ?? '/');
    const asked = pathname === '/' ? pathname : pathname.replace(/\/$/, '');
    if (asked !== path) {
      if (isAppointed(http, asked, guarded)) answerForNobody(socket, asked);
      return;
    }
    if (asked !== pathname)
      logger.warn({ path: pathname }, `a client asked for ${path} with a slash behind it, and is served`);
    // An answer that a balancer understands: it tries another node.
    if (core.refuses()) return refuse(socket, '503 Service Unavailable', 'Retry-After: 1\r\n');
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      open.add(webSocket);
      webSocket.among = open;
      const { origin, host } = request.headers;
      serveSocket(
        core,
        webSocket,
        socket,
        { origin: origin ?? null, address: addressOf(request), headers: headersOf(request, core) },
        offersOf(request),
        host ?? null,
        reach(),
      );
    });
  };
  const guarded = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    try {
      upgrade(request, socket, head);
    } catch (error) {
      logger.error(traceOf(error), 'an upgrade could not be served');
      socket.destroy();
    }
  };
  const { wasTaken, giveBack } = takePath(http, {
    path,
    listener: guarded,
    stop: () => http.off('upgrade', guarded),
  });
  if (wasTaken)
    logger.warn({ path }, 'a realtime server was attached at this path already: the newer one has it now');
  // First: what others write from here on is their answer.
  http.prependListener('upgrade', guarded);
  return () => {
    http.off('upgrade', guarded);
    giveBack();
    sockets.close();
    if (open.size === 0) return;
    setTimeout(() => {
      for (const socket of open) socket.terminate();
    }, stopTimeout);
  };
}
