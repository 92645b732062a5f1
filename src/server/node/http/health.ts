// What a balancer, an orchestrator and a monitor ask of a node.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { traceOf } from '../../observe/log.js';
import type { ServerCore } from '../../server.js';
import type { Metrics } from './metrics.js';

function answerHealth(core: ServerCore, live: boolean, response: ServerResponse): void {
  const { connections, rooms, node } = core.stats();
  // Who is restarted because Redis is away loses its connections, and finds Redis no sooner: that is no question of life.
  const status = live
    ? null
    : (core.refuses() ?? ((core.settings.broker.healthy?.() ?? true) ? null : 'unavailable'));
  response.writeHead(status ? 503 : 200, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify({ status: status ?? 'ok', node, connections, rooms }));
}

/** `/health/live`: the process answers. `/health/ready`: it takes connections. `/metrics`: what was measured, where that is. Anything else is 404. */
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
