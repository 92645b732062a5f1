// What a balancer asks: is it alive, and may clients be sent here.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Broker } from '../broker.js';
import type { ServerCore } from '../server.js';

/** Answers `/health/live` and `/health/ready`; 404 elsewhere. */
export function answerHealth(core: ServerCore, broker: Broker, request: IncomingMessage, response: ServerResponse): void {
  const path = (request.url ?? '/').split('?', 1)[0];
  const known = path === '/health/live' || path === '/health/ready';
  if (!known || (request.method !== 'GET' && request.method !== 'HEAD')) {
    response.writeHead(404).end();
    return;
  }
  const { draining, connections, rooms, node } = core.stats();
  // Who is restarted because Redis is away loses its connections, and finds Redis no sooner: that is no question of life.
  const status = path === '/health/live' ? 'ok' : draining ? 'draining' : (broker.healthy?.() ?? true) ? 'ok' : 'unavailable';
  response.writeHead(status === 'ok' ? 200 : 503, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify({ status, node, connections, rooms }));
}
