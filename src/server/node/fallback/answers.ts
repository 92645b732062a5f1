// The answers of the HTTP fallback to its requests.
import type { ServerResponse } from 'node:http';

/** The headers of a response that stays open. */
export const streamHeaders = {
  'content-type': 'application/octet-stream',
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
  'x-content-type-options': 'nosniff',
};

/** The headers that let a page of another origin read the answer, even a refusal. */
export const corsHeaders = (origin: string | null): Readonly<Record<string, string>> =>
  origin === null ? {} : { 'access-control-allow-origin': origin, vary: 'origin' };

/** The headers of an answer that asks the client, or a balancer, to try again. */
export const retryHeaders: Readonly<Record<string, string>> = { 'retry-after': '1' };

/** Answers a request without a body. Does nothing if it is answered already. */
export function answerEmpty(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent) return;
  response.writeHead(status, { 'cache-control': 'no-store', 'content-length': '0', ...headers }).end();
}
