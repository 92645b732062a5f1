// The body of a request, bounded in bytes and in time, and by the bytes of all bodies that are being read.
import type { IncomingMessage } from 'node:http';
import type { ServerPorts } from '../../ports/ports.js';

/** Why there is no body: the status to answer with, or 0 if the client is gone. */
export type BodyRefusal = 404 | 408 | 413 | 503 | 0;

/** Bytes that several bodies share while they are read. */
export interface ByteShare {
  bytesLeft: number;
}

/** A bound on a body, and the shares that its bytes are taken from. */
export interface BodyHolder {
  readonly maxBytes: number;
  readonly shares: readonly ByteShare[];
}

/** Finds out from the beginning of a body which holder the rest is for. 404 if it is for none. */
export interface BodyRecognition {
  /** The bytes that are enough to find out. A shorter body is judged by all of it. */
  readonly bytes: number;
  readonly recognize: (head: Buffer) => BodyHolder | 404;
}

export interface BodyReader {
  /** Resolves with the body, or with why it was not read. Never rejects. */
  readBody(
    request: IncomingMessage,
    holder: BodyHolder,
    recognition?: BodyRecognition,
  ): Promise<Buffer | BodyRefusal>;
}

/** How long a body may take to arrive, in ms. */
const bodyTimeoutMs = 10_000;

export function createBodyReader(setTimer: ServerPorts['setTimer']): BodyReader {
  return {
    readBody: (request, first, recognition) =>
      new Promise((resolve) => {
        const chunks: Buffer[] = [];
        let holder = first;
        let recognized = !recognition;
        let size = 0;
        let isDone = false;
        const hold = (bytes: number): void => {
          for (const share of holder.shares) share.bytesLeft -= bytes;
        };
        const done = (outcome: Buffer | BodyRefusal): void => {
          if (isDone) return;
          isDone = true;
          cancel();
          hold(-size);
          request.off('data', take);
          // The rest of the body is read, and not kept.
          if (typeof outcome === 'number') request.resume();
          resolve(outcome);
        };
        /** Returns whether the body is read on. */
        const recognize = (): boolean => {
          if (recognized || !recognition) return true;
          recognized = true;
          const next = recognition.recognize(Buffer.concat(chunks).subarray(0, recognition.bytes));
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
          if (size > holder.maxBytes) done(413);
          else if (holder.shares.some(({ bytesLeft }) => bytesLeft < 0)) done(503);
        };
        const cancel = setTimer(bodyTimeoutMs, () => {
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
