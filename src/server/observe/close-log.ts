// The log line of a connection that the server closes. Closes that hint at an attack, or at a limit that is
// too tight, are warnings. A failure of the server or of the app has a line of its own already.
import { cutToBytes } from '../../protocol/bytes.js';
import { closeCodes } from '../../protocol/codes.js';
import { maxCloseReason } from '../../protocol/limits.js';
import type { RequestInfo, Transport } from '../ports/ports.js';
import type { ServerLog } from './log.js';

const warnedCodes: ReadonlySet<number> = new Set([
  closeCodes['too-big'],
  closeCodes.busy,
  closeCodes.slow,
  closeCodes['bad-frame'],
  closeCodes.forbidden,
  closeCodes['hello-timeout'],
  closeCodes['rate-limited'],
]);

/** The connection that was closed. */
interface ClosedConnection {
  readonly request: RequestInfo;
  readonly identity: { readonly user: { readonly id: string } | null } | null;
}

export function logClose(
  logger: ServerLog,
  { request, identity }: ClosedConnection,
  code: number,
  reason: string,
): void {
  const { address, origin } = request;
  logger[warnedCodes.has(code) ? 'warn' : 'debug'](
    { code, reason, address, origin, user: identity?.user?.id ?? null },
    `closed a connection with ${code}`,
  );
}

/** Cuts a reason to the bytes that a close frame has room for. */
export const fitCloseReason = (reason: string): string => cutToBytes(reason, maxCloseReason);

/**
 * Closes a transport, or terminates it if it cannot be closed. Never throws, so that the caller's next step
 * runs.
 */
export function closeTransport(
  transport: Transport,
  code: number,
  reason: string,
  failed: (error: unknown) => void,
): void {
  try {
    transport.close(code, fitCloseReason(reason));
  } catch (error) {
    failed(error);
    transport.terminate();
  }
}
