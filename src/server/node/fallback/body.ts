// A request's body, bounded in size and in time, and by what others hold at once: bytes of bodies that are being read.
import type { IncomingMessage } from 'node:http';
import type { ServerPorts } from '../../ports/ports.js';

/** Why there is none: the status to answer with, or 0 where nobody waits for an answer. */
export type Refusal = 404 | 408 | 413 | 503 | 0;

/** Bytes that may still be held by one of those who share them. */
export interface Share {
  left: number;
}

/** How much of a body is read, and whose bytes it takes meanwhile. */
export interface Holder {
  readonly limit: number;
  readonly shares: readonly Share[];
}

/** Tells by the beginning of a body for whom the rest is read; 404 where it is for nobody. */
export interface Recognition {
  /** How many bytes are enough to tell. A shorter body is told by all of it. */
  readonly bytes: number;
  readonly of: (head: Buffer) => Holder | 404;
}

export interface Bodies {
  /** Resolves with the body, or with why it was not read. Never rejects. */
  read(request: IncomingMessage, holder: Holder, recognition?: Recognition): Promise<Buffer | Refusal>;
}

/** How long a body may take to come, in ms. */
const patience = 10_000;

export function createBodies(after: ServerPorts['after']): Bodies {
  return {
    read: (request, first, recognition) =>
      new Promise((resolve) => {
        const chunks: Buffer[] = [];
        let holder = first;
        let recognized = !recognition;
        let size = 0;
        let isDone = false;
        const hold = (bytes: number): void => {
          for (const share of holder.shares) share.left -= bytes;
        };
        const done = (outcome: Buffer | Refusal): void => {
          if (isDone) return;
          isDone = true;
          cancel();
          hold(-size);
          request.off('data', take);
          // What still comes is passed over, and not kept.
          if (typeof outcome === 'number') request.resume();
          resolve(outcome);
        };
        /** Whether it is read on. */
        const recognize = (): boolean => {
          if (recognized || !recognition) return true;
          recognized = true;
          const next = recognition.of(Buffer.concat(chunks).subarray(0, recognition.bytes));
          if (next === 404) {
            done(404);
            return false;
          }
          hold(-size);
          holder = next;
          hold(size);
          return true;
        };
        const take = (chunk: Buffer): void => {
          size += chunk.length;
          hold(chunk.length);
          chunks.push(chunk);
          if (recognition && size >= recognition.bytes && !recognize()) return;
          if (size > holder.limit) done(413);
          else if (holder.shares.some(({ left }) => left < 0)) done(503);
        };
        const cancel = after(patience, () => {
          done(408);
        });
        request.on('data', take);
        request.once('end', () => {
          if (!isDone && recognize()) done(Buffer.concat(chunks));
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
