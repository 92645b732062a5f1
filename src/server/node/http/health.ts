// The answers to a balancer, an orchestrator and a monitor.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { traceOf } from '../../observe/log.js';
import type { ServerCore } from '../../server.js';
import type { Metrics } from './metrics.js';

function answerHealth(core: ServerCore, live: boolean, response: ServerResponse): void {
  const { connections, rooms, node } = core.stats();
  // A node is live while Redis is away: a restart would end its connections, and Redis would not be found
  // sooner.
  const status = live
    ? null
    : (core.refuses() ?? ((core.settings.broker.healthy?.() ?? true) ? null : 'unavailable'));
  response.writeHead(status ? 503 : 200, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify({ status: status ?? 'ok', node, connections, rooms }));
}

/**
 * Answers `/health/live` (the process answers), `/health/ready` (it takes connections) and, with the option,
 * `/metrics`. Any other request gets 404.
 */
export function answerMonitor(
  core: ServerCore,
  metrics: Metrics | null,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const path = (request.url ?? '/').split('?', 1)[0];
  const reads = request.method === 'GET' || request.method === 'HEAD';
  if (reads && (path === '/health/live' || path === '/health/ready'))
    return answerHealth(core, path === '/health/live', response);
  if (!reads || path !== '/metrics' || !metrics) {
    response.writeHead(404).end();
    return;
  }
  metrics.text().then(
    (text) => {
      response.writeHead(200, { 'content-type': metrics.contentType, 'cache-control': 'no-store' }).end(text);
    },
    (error: unknown) => {
      core.settings.logger.error(traceOf(error), 'the metrics could not be collected');
      response.writeHead(500).end();
    },
  );
}
