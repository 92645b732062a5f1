// A request's body, bounded in size and in time, and all of them together in size.
import type { IncomingMessage } from 'node:http';
import type { ServerPorts } from '../../ports.js';

/** Why there is none: the status to answer with, or 0 where nobody waits for an answer. */
export type Refusal = 408 | 413 | 503 | 0;

export interface Bodies {
  /** Resolves with the body, or with why it was not read. Never rejects. */
  read(request: IncomingMessage, limit: number): Promise<Buffer | Refusal>;
}

/** How long a body may take to come, in ms. */
const patience = 10_000;

/** @param together bytes of all bodies that are being read. */
export function createBodies(together: number, after: ServerPorts['after']): Bodies {
  let left = together;

  return {
    read: (request, limit) =>
      new Promise((resolve) => {
        const chunks: Buffer[] = [];
        let size = 0;
        let isDone = false;
        const done = (outcome: Buffer | Refusal): void => {
          if (isDone) return;
          isDone = true;
          cancel();
          left += size;
          request.off('data', take);
          // What still comes is passed over, and not kept.
          if (typeof outcome === 'number') request.resume();
          resolve(outcome);
        };
        const take = (chunk: Buffer): void => {
          size += chunk.length;
          left -= chunk.length;
          if (size > limit) done(413);
          else if (left < 0) done(503);
          else chunks.push(chunk);
        };
        const cancel = after(patience, () => {
          done(408);
        });
        request.on('data', take);
        request.once('end', () => {
          done(Buffer.concat(chunks));
        });
        request.once('close', () => {
          done(0);
        });
        request.on('error', () => {
          done(0);
        });
      }),
  };
}
